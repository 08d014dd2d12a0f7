#!/usr/bin/env python3
"""Executes a page's shell blocks (```sh), in order, in one shell in an empty folder, and fails at the first command that fails.

    readme_commands.py SOURCE_DIR BUILD_DIR PAGE

`build/release` in that folder is the build under test, and HOME is the folder too. A command that builds stallpoint is left
out: that has been done. A C++ block whose first line is a comment with a file's name becomes that file. Indented lines are
samples, or commands run elsewhere: what a new machine runs (tools/demo, tools/test) would not end inside a test of itself.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

source, build, page = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
text = (source / page).read_text()
lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.S) for line in block.splitlines() if line.strip()]
commands = [line for line in lines if not re.search(r"(^|\s)tools/(build|setup)\b", line)]
if len(commands) < 5:
    sys.exit(f"{page}: expected shell blocks with at least 5 commands, found {len(commands)}")

with tempfile.TemporaryDirectory() as folder:
    (pathlib.Path(folder) / "build").mkdir()
    os.symlink(build, pathlib.Path(folder) / "build" / "release")
    for name, code in re.findall(r"```cpp\n// ([\w.]+)\n(.*?)```", text, re.S):
        (pathlib.Path(folder) / name).write_text(code)
    script = "\n".join(["set -e", *(f"printf '$ %s\\n' {c!r}\n{c}" for c in (c.split("   #")[0] for c in commands))])
    environment = dict(os.environ, NO_COLOR="1", HOME=folder)
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment)
    if done.returncode != 0:
        sys.exit(f"{page}: the last command above ended with {done.returncode}")

# Whatever the page names must exist.
for name in set(re.findall(r"`?((?<![\w/])(?:tools|plugins|replay)/[\w./-]+)`?", text)):
    if not (source / name.rstrip(".")).exists():
        sys.exit(f"{page} names {name}, which does not exist")

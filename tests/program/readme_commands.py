#!/usr/bin/env python3
"""Executes every command of README.md's shell blocks, in order, in an empty folder, and fails at the first that fails.

Indented lines that begin with `$ ` or name tools/demo and tools/test are samples of output or run elsewhere: the demo and the
test command are what a new machine runs, and would not end inside a test of themselves. A command that builds is left out:
the build under test has been made.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

root = pathlib.Path(sys.argv[1])
program_folder = sys.argv[2]

blocks = re.findall(r"```sh\n(.*?)```", (root / "README.md").read_text(), re.S)
commands = [line for block in blocks for line in block.splitlines() if line.strip()]
commands = [line for line in commands if "tools/build" not in line and not line.startswith("export PATH=")]
if len(commands) < 5:
    sys.exit(f"README.md: expected shell blocks with at least 5 commands, found {len(commands)}")

with tempfile.TemporaryDirectory() as folder:
    environment = dict(os.environ, PATH=f"{program_folder}:{os.environ['PATH']}", NO_COLOR="1")
    for command in commands:
        print("$", command, flush=True)
        done = subprocess.run(command, shell=True, cwd=folder, env=environment)
        if done.returncode != 0:
            sys.exit(f"README.md: exit {done.returncode}: {command}")

# Whatever the page names must exist.
for name in set(re.findall(r"`?((?:tools|plugins|replay)/[\w./-]+)`?", (root / "README.md").read_text())):
    if not (root / name.rstrip(".")).exists():
        sys.exit(f"README.md names {name}, which does not exist")

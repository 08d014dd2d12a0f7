"""The LibTorch workloads as the measurements of a device run them: their data, their options, and the program that runs them."""
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("STALLPOINT", ROOT / "build/release/bin/stallpoint"))

CASES = {
    "image_classification": dict(
        images=["--count", "400", "--size", "640x480", "--classes", "4"], options=["--set", "image_size=128"], recorded=32,
        batches=[16, 64, 128]),
    "pose_estimation": dict(images=["--pose", "--count", "116", "--size", "640x480"], options=["--set", "image_size=256"], recorded=16,
                            batches=[8, 32, 64]),
}
# Seconds on a CPU: to try this script, not the predictions.
QUICK = {
    "image_classification": dict(images=["--count", "24", "--size", "80x60"], options=["--set", "image_size=40", "--set", "width=8"],
                                 recorded=8, batches=[8, 24]),
    "pose_estimation": dict(images=["--pose", "--count", "24", "--size", "80x60"],
                            options=["--set", "image_size=32", "--set", "width=4"], recorded=8, batches=[8, 24]),
}


class Failed(Exception):
    """Says in one line which command failed, and how."""


def run(*arguments, codes=(0,)):
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode not in codes:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise Failed(f"stallpoint {arguments[0]} ended with {done.returncode}: {lines[-1]}")
    return done.stdout


def make_data(case, folder):
    subprocess.run([PROGRAM.parent / "stallpoint-make-images", folder, *case["images"]], check=True, stdout=subprocess.DEVNULL)


def record(name, case, data, device, steps, trace, *more):
    workers = max(1, min(8, len(os.sched_getaffinity(0)) // 2))
    run("record", "--plugin", name, "--data", data, *case["options"], "--device", device, "--batch", case["recorded"], "--workers", workers,
        "--steps", steps, "--quiet", "-o", trace, *more)


def add_options(parser):
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--only", choices=CASES)
    parser.add_argument("--quick", action="store_true", help="seconds on a CPU, to try this script")


def chosen(options):
    """(name, case) of each workload that the options ask for."""
    return [(name, case) for name, case in (QUICK if options.quick else CASES).items() if options.only in (None, name)]

"""A Python that can `import torch`: the one that runs this, or a virtual environment made in a folder.

The environment borrows the torch that tools/setup put into .venv, or installs one, without the gigabytes of CUDA libraries that its
wheel names: only those the dynamic linker asks for and does not find.
"""
import os
import pathlib
import re
import subprocess
import sys

TORCH = "torch==2.15.0"
PURE_PYTHON = ["typing_extensions", "filelock", "sympy", "networkx", "jinja2", "fsspec", "numpy"]
# What a missing library or an undefined symbol begins with, and where the wheel's own pins or the toolkit's extras have it.
CUDA_PARTS = {
    "libcublas": "cuda-toolkit[cublas]", "libcudart": "cuda-toolkit[cudart]", "libcufft": "cuda-toolkit[cufft]",
    "libcufile": "cuda-toolkit[cufile]", "libcupti": "cuda-toolkit[cupti]", "libcusolver": "cuda-toolkit[cusolver]",
    "libcusparse.": "cuda-toolkit[cusparse]", "libnvJitLink": "cuda-toolkit[nvjitlink]", "libnvrtc": "cuda-toolkit[nvrtc]",
    "libcudnn": "nvidia-cudnn-cu13", "cudnn": "nvidia-cudnn-cu13", "libcusparseLt": "nvidia-cusparselt-cu13",
    "libnccl": "nvidia-nccl-cu13", "nccl": "nvidia-nccl-cu13", "libnvshmem": "nvidia-nvshmem-cu13",
}


class Unavailable(Exception):
    """Says in one line why there is no torch."""


def _import_error(python, env):
    done = subprocess.run([python, "-c", "import torch.utils.data"], env=env, capture_output=True, text=True)
    return None if done.returncode == 0 else (done.stderr.strip() or "no message").splitlines()[-1]


def _pip(python, *packages):
    done = subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages], capture_output=True, text=True)
    if done.returncode != 0:
        raise Unavailable(f"pip could not install {' '.join(packages)}: {(done.stderr.strip() or 'no message').splitlines()[-1]}")


def missing_part(error):
    """The package that has what `error`, of an import, says is missing; None when it says something else."""
    found = re.search(r"(lib\w+\.)so[.\d]*: cannot open", error) or re.search(r"undefined symbol: (\w+)", error)
    name = found[1] if found else ""
    fits = [part for part in CUDA_PARTS if name.startswith(part)]
    return CUDA_PARTS[max(fits, key=len)] if fits else None


def _pinned(package, site_folders):
    """`package` at the version that torch's wheel asks for."""
    base = package.split("[")[0]
    for folder in site_folders:
        for metadata in pathlib.Path(folder).glob("torch-*.dist-info/METADATA"):
            pin = re.search(rf"^Requires-Dist: {re.escape(base)}(?:\[[^]]*\])?==([\w.]+)", metadata.read_text(), re.MULTILINE)
            if pin:
                return f"{package}=={pin[1]}"
    return package


def find(root, folder):
    """(python, environment variables) for a Python with torch; makes one in `folder` when this one has none. May raise Unavailable."""
    if _import_error(sys.executable, None) is None:
        return sys.executable, dict(os.environ)
    venv = folder / "venv"
    python = venv / "bin/python"
    site = venv / f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    borrowed = [p.parent for p in (root / ".venv").glob(f"lib/{site.parent.name}/site-packages/torch")]
    if not (venv / "complete").exists():
        print(f"making {venv.relative_to(root)} for PyTorch, once", file=sys.stderr, flush=True)
        if subprocess.run([sys.executable, "-m", "venv", venv], capture_output=True).returncode != 0:
            raise Unavailable(f"python3 -m venv {venv} failed: install python3-venv")
        _pip(python, *PURE_PYTHON)
        if not borrowed:
            _pip(python, "--no-deps", TORCH)
        (venv / "complete").touch()
    for _ in range(2 * len(CUDA_PARTS)):
        libraries = sorted(str(p) for p in site.glob("nvidia/*/lib"))
        env = dict(os.environ, PYTHONPATH=os.pathsep.join(map(str, borrowed)),
                   LD_LIBRARY_PATH=os.pathsep.join([*libraries, *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]))
        error = _import_error(python, env)
        if error is None:
            return str(python), env
        package = missing_part(error)
        if package is None:
            break
        package = _pinned(package, [site, *borrowed])
        # The toolkit's package is a list of others and needs them.
        _pip(python, *([] if package.startswith("cuda-toolkit") else ["--no-deps"]), package)
    raise Unavailable(f"import torch fails in {venv}: {error}")

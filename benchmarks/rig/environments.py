"""Environments that the benchmarks install for themselves, below ``.bench``."""

import hashlib
import subprocess
import sys
from functools import cache
from pathlib import Path

from benchmarks.rig.places import REPOSITORY, cache_folder
from benchmarks.rig.progress import say


@cache
def environment(name: str, *packages: str, python: str = sys.executable) -> Path:
    """The Python of a virtual environment that holds the packages; made on first use."""
    folder = cache_folder("environments") / name
    wanted = "\n".join(packages)
    seal = folder / "installed"
    interpreter = folder / "bin" / "python"
    if not (seal.exists() and seal.read_text() == wanted):
        say(f"installing {' '.join(packages)} into .bench …")
        _run([python, "-m", "venv", "--without-pip", "--clear", str(folder)])
        _run(
            [sys.executable, "-m", "pip", "--python", str(interpreter), "install", "-q", *packages]
        )
        seal.write_text(wanted)
    return interpreter


@cache
def node_modules(package: str, version: str) -> Path:
    """The ``node_modules`` folder that holds the package; made on first use."""
    folder = cache_folder("node", package.replace("/", "-"))
    if not (folder / "node_modules" / package).exists():
        say(f"installing {package} {version} into .bench …")
        _run(["npm", "install", "--silent", "--prefix", str(folder), f"{package}@{version}"])
    return folder / "node_modules"


@cache
def gateway_python(python: str) -> str:
    """The interpreter itself if Moorage is installed for it, else one of an own environment."""
    if subprocess.run([python, "-c", "import moorage_local"], capture_output=True).returncode == 0:
        return python
    project = (REPOSITORY / "pyproject.toml").read_bytes()
    name = "moorage-" + hashlib.sha256(python.encode() + project).hexdigest()[:8]
    return str(environment(name, "-e", f"{REPOSITORY}[local]", python=python))


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"failed: {' '.join(command)}\n{done.stderr[-2000:]}")

"""Builds the C programs of the benchmarks when their sources are newer."""

import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from benchmarks.rig.places import SOURCE, cache_folder

_LOAD = ("options", "connecting", "requests", "answer", "sessions")
_SOURCES = {
    "stub": ["stub/stub", "stub/answers", "stub/connection", "stub/sessions", "stub/streams"],
    "stdio_echo": ["stub/stdio_echo", "stub/answers"],
    "calls": ["load/calls", *(f"load/{name}" for name in _LOAD)],
    "streams": ["load/streams", "load/events", *(f"load/{name}" for name in _LOAD)],
    "slow": ["load/slow", *(f"load/{name}" for name in _LOAD)],
}
_WIRE = ["wire/http", "wire/json", "wire/histogram"]


@cache
def program(name: str) -> Path:
    """Path of the built program; raises ``SystemExit`` with the compiler's words if it fails."""
    target = cache_folder("bin") / name
    sources = [SOURCE / f"{part}.c" for part in _SOURCES[name] + _WIRE]
    if not _is_fresh(target, [*sources, *SOURCE.glob("*/*.h")]):
        _compile(sources, target)
    return target


def _is_fresh(target: Path, sources: Iterable[Path]) -> bool:
    if not target.exists():
        return False
    built_at = target.stat().st_mtime
    return all(source.stat().st_mtime <= built_at for source in sources)


def _compile(sources: list[Path], target: Path) -> None:
    command = ["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", str(target), *map(str, sources)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"cannot build {target.name}; a C compiler is needed\n{done.stderr}")

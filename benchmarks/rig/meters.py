"""What a process tree used: CPU from schedstat, memory as Pss."""

import os
from collections.abc import Iterator
from pathlib import Path


def tree(pid: int, uncounted: tuple[str, ...] = ()) -> list[int]:
    """The process and its descendants without those of the named executables (and below)."""
    children: dict[int, list[int]] = {}
    for each, parent in _parents():
        children.setdefault(parent, []).append(each)
    found, waiting = [], [pid]
    while waiting:
        each = waiting.pop()
        if _executable(each) in uncounted:
            continue
        found.append(each)
        waiting += children.get(each, [])
    return found


def cpu_ns(pids: list[int]) -> int:
    """CPU time of all threads so far, in ns (first field of ``/proc/PID/task/*/schedstat``)."""
    return sum(_spent(line) for pid in pids for line in _schedstats(pid))


def pss_kb(pids: list[int]) -> int:
    """Proportional set size of all the processes, in KB."""
    return sum(_pss(pid) for pid in pids)


def _parents() -> Iterator[tuple[int, int]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text()
            except OSError:
                continue
            yield int(folder.name), int(stat.rpartition(")")[2].split()[1])


def _executable(pid: int) -> str:
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return ""


def _schedstats(pid: int) -> Iterator[str]:
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            yield task.read_text()
        except OSError:
            continue


def _spent(schedstat: str) -> int:
    return int(schedstat.split()[0])


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)

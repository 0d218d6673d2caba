"""Faults of a cluster whose parts and pods run on this machine: what they are done to, and how.

Only where they can be reached: a test that needs them says so and is skipped elsewhere.
"""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from e2e.settings import REPOSITORY

DEFAULT_PART = REPOSITORY.parent / "shared" / "cluster" / "part"


def find_part_command() -> Path | None:
    """The program that stops and starts parts of the cluster: ``part stop NAME``."""
    part = Path(os.environ.get("MOORAGE_CLUSTER_PART", DEFAULT_PART))
    return part if os.access(part, os.X_OK) and os.geteuid() == 0 else None


@contextmanager
def stopped(part: Path, name: str) -> Iterator[None]:
    """A part of the cluster is killed, and started again afterwards."""
    subprocess.run([part, "stop", name], check=True, capture_output=True, timeout=30)
    try:
        yield
    finally:
        subprocess.run([part, "start", name], check=True, capture_output=True, timeout=30)


def process_of(pod_uid: str, word: str) -> int:
    """The process of a pod, as this machine numbers it, with ``word`` in its command line."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _is_of(entry, pod_uid, word):
            return int(entry.name)
    raise AssertionError(f"no process of pod {pod_uid} has {word!r} in its command line")


def _is_of(entry: Path, pod_uid: str, word: str) -> bool:
    try:
        return word.encode() in (entry / "cmdline").read_bytes() and pod_uid in (
            entry / "cgroup"
        ).read_text().replace("_", "-")
    except OSError:
        return False


@contextmanager
def paused(pid: int) -> Iterator[None]:
    """A process does not run for a while."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)

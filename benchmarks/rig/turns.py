"""One measurement at a time on a machine, also when several benchmarks were started on it."""

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def turn() -> Iterator[None]:
    """Waits until no other benchmark measures; two at once would measure each other."""
    with (Path(tempfile.gettempdir()) / "moorage-benchmarks.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

"""Tests run in several processes: what they share is made by one of them while others wait."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def one_at_a_time(file: Path) -> Iterator[None]:
    """Nobody else on this machine is in a block with this file, which no tool locks itself."""
    with file.open() as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        yield

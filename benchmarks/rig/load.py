"""Runs a load program against a proxy: ready, go, figures."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.rig.pinning import LOAD_CORE, pinned
from benchmarks.rig.processes import Running, running
from benchmarks.rig.programs import program


class LoadFailed(Exception):
    """The load program could not do its work through this proxy; says what it met."""


@dataclass(frozen=True)
class Load:
    """A load program that has opened its sessions and waits for ``go``."""

    name: str
    process: Running

    def go(self) -> None:
        self.process.tell("go")

    def figures(self) -> dict[str, Any]:
        """What the program measured, once it has ended its run."""
        figures: dict[str, Any] = json.loads(self._line())
        return figures

    def _line(self) -> str:
        line = self.process.hear()
        if not line:
            raise LoadFailed(f"{self.name}: {self.process.last_words()}")
        return line


@contextmanager
def load(name: str, **options: object) -> Iterator[Load]:
    """The program after it said ``ready``; raises LoadFailed if it never does."""
    words = [f"{key}={value}" for key, value in options.items()]
    command = pinned(LOAD_CORE, [str(program(name)), *words])
    with running(command, talks=True) as process:
        started = Load(name, process)
        started._line()
        yield started

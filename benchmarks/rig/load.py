"""Runs a load program against a proxy: ready, go, figures."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from subprocess import Popen
from typing import Any

from benchmarks.rig.pinning import LOAD_CORE, pinned
from benchmarks.rig.places import cache_folder
from benchmarks.rig.processes import running
from benchmarks.rig.programs import program


class LoadFailed(Exception):
    """The load program could not do its work through this proxy; says what it met."""


@dataclass(frozen=True)
class Load:
    """A load program that has opened its sessions and waits for ``go``."""

    name: str
    process: "Popen[str]"

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def figures(self) -> dict[str, Any]:
        """What the program measured, once it has ended its run."""
        figures: dict[str, Any] = json.loads(self._line())
        return figures

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise LoadFailed(_last_words(self.name))
        return line


@contextmanager
def load(name: str, **options: object) -> Iterator[Load]:
    """The program after it said ``ready``; raises LoadFailed if it never does."""
    words = [f"{key}={value}" for key, value in options.items()]
    command = pinned(LOAD_CORE, [str(program(name)), *words])
    with running(command, log=cache_folder("logs") / f"{name}.log", talks=True) as process:
        started = Load(name, process)
        started._line()
        yield started


def _last_words(name: str) -> str:
    log = (cache_folder("logs") / f"{name}.log").read_text().strip()
    return f"{name}: {log[-300:] or 'ended without a word'}"

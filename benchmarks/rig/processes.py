"""Processes that a benchmark starts and always ends."""

import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO

STOP_SECONDS = 5
LAST_WORDS_BYTES = 400


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Running:
    """A process in a group of its own, whose errors go to a log."""

    process: "subprocess.Popen[str]"
    log: IO[bytes]

    @property
    def pid(self) -> int:
        return self.process.pid

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        """The next line of its output; empty once it has ended."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def last_words(self) -> str:
        self.log.seek(0)
        words = self.log.read().decode(errors="replace").strip()
        return words[-LAST_WORDS_BYTES:] or "ended without a word"


@contextmanager
def running(
    command: list[str], *, talks: bool = False, environment: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """At the end the process and its whole group are stopped.

    ``talks`` gives it pipes on standard input and output; otherwise all it says goes to the log.
    """
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
            stdout=subprocess.PIPE if talks else log,
            stderr=log,
            text=True,
            bufsize=1,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
        try:
            yield Running(process, log)
        finally:
            _stop(process)


def _stop(process: "subprocess.Popen[str]") -> None:
    _signal_group(process, signal.SIGTERM)
    for pipe in (process.stdin, process.stdout):
        if pipe:
            with suppress(BrokenPipeError):
                pipe.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    _signal_group(process, signal.SIGKILL)
    process.wait()


def _signal_group(process: "subprocess.Popen[str]", number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)

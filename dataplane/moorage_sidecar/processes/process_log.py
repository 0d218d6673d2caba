"""What a stdio server prints besides MCP, in our log: bounded in length, rate and memory."""

import logging
import time
from collections import deque
from typing import Final

from moorage_sidecar.processes.log_budget import LogBudget

LOGGED_CHARACTERS: Final = 500
LINES_PER_SECOND: Final = 20
BURST_LINES: Final = 100
TAIL_BYTES: Final = 2048
LINE_BYTES: Final = 8192
"""Longer stderr lines are cut into pieces of this size."""

_logger = logging.getLogger("moorage_sidecar.process")


class ProcessLog:
    """The log of one process; ``label`` names its session without giving the id away."""

    def __init__(self, label: dict[str, object]) -> None:
        self._label = label
        self._budget = LogBudget(LINES_PER_SECOND, BURST_LINES)
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0

    def stderr(self, line: bytes) -> None:
        """One line of stderr: free text, no sign of an error."""
        self._remember(line)
        self._write("server stderr", line)

    def noise(self, line: bytes, why: str) -> None:
        """One line of stdout that is no message; it is dropped."""
        self._write("server stdout holds a line that is no message; dropped", line, why)

    def dropped(self, why: str, method: str | None) -> None:
        """A message that reached nobody."""
        if self._budget.take(time.monotonic()):
            self.flush()
            self.event("message dropped", why=why, method=method or "answer")

    def event(self, text: str, **facts: object) -> None:
        """Something that happened to the process itself; never swallowed."""
        _logger.info(text, extra={"facts": {**self._label, **facts}})

    def trouble(self, text: str, **facts: object) -> None:
        """Something that whoever runs the server must see, with its last words."""
        _logger.warning(text, extra={"facts": {**self._label, **facts, "stderr": self.tail()}})

    def defect(self, error: Exception) -> None:
        """The bridge itself failed at what the process wrote."""
        _logger.error(
            "the bridge failed at the server's output; the server is ended",
            exc_info=error,
            extra={"facts": self._label},
        )

    def tail(self) -> str:
        """The last words on stderr, at most 2 KiB."""
        return b"\n".join(self._tail)[-TAIL_BYTES:].decode("utf-8", "replace").strip()

    def flush(self) -> None:
        """Tell how many lines were swallowed since the last one that was written."""
        if swallowed := self._budget.collect_suppressed():
            self.event("server output swallowed by the rate limit", lines=swallowed)

    def _remember(self, line: bytes) -> None:
        line = line[-TAIL_BYTES:]
        self._tail.append(line)
        self._tail_bytes += len(line) + 1
        while len(self._tail) > 1 and self._tail_bytes - len(self._tail[0]) > TAIL_BYTES:
            self._tail_bytes -= len(self._tail.popleft()) + 1

    def _write(self, text: str, line: bytes, why: str | None = None) -> None:
        if not self._budget.take(time.monotonic()):
            return
        self.flush()
        facts: dict[str, object] = {"line": printable(line), **({"why": why} if why else {})}
        self.event(text, **facts)


def printable(line: bytes) -> str:
    """A line cut to what a log can bear, with control characters made visible."""
    text = line[: 4 * LOGGED_CHARACTERS].decode("utf-8", "replace")[:LOGGED_CHARACTERS]
    return "".join(
        character if character.isprintable() else repr(character)[1:-1] for character in text
    )

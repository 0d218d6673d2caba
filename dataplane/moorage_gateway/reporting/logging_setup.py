"""The process's own log: JSON lines on stderr, and no word of what clients sent."""

import logging
import time
from typing import Final

from moorage_gateway.reporting.foreign_log import ForeignLog, foreign_line
from moorage_gateway.reporting.line_writer import writer_of
from moorage_gateway.reporting.log_json import LogLine, encode_line, own_line

STDERR: Final = 2
LAST_LINES_SECONDS: Final = 1.0
"""How long the end of the process waits for whoever reads the log."""

OWN_PACKAGES = ("moorage_gateway", "moorage_sidecar", "moorage_local")
FOREIGN_LOGGERS = (
    "asyncio",
    "aiohttp.access",
    "aiohttp.client",
    "aiohttp.internal",
    "aiohttp.server",
    "aiohttp.web",
    "aiohttp.websocket",
)


def configure_logging(level: int = logging.INFO, handler: logging.Handler | None = None) -> None:
    """Send every logger of the process to ``handler``, or else as JSON to stderr.

    Replaces all handlers there are. Our loggers attach values with
    ``extra={"facts": {name: value}}``; foreign ones are heard from WARNING on.
    """
    root = logging.getLogger()
    root.handlers[:] = [handler or JsonHandler(STDERR)]
    root.setLevel(max(level, logging.WARNING))
    for name in FOREIGN_LOGGERS:
        foreign = logging.getLogger(name)
        foreign.handlers.clear()
        foreign.propagate = True
        foreign.setLevel(logging.WARNING)
    for name in OWN_PACKAGES:
        logging.getLogger(name).setLevel(level)


class JsonHandler(logging.Handler):
    """Writes a record as one JSON line; foreign records at a bounded rate and stripped.

    A thread does the writing: a reader that is stuck must not stop the gateway.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._foreign = ForeignLog()
        self._writer = writer_of(descriptor)
        self._writer.start()
        self._told_dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record, unless it is one of a foreign flood."""
        if record.name.startswith("moorage_"):
            self._write(own_line(record))
        elif count := self._foreign.admit(record, time.monotonic()):
            self._write(foreign_line(record, count))

    def _write(self, line: LogLine) -> None:
        if self._put(line) and (dropped := self._writer.dropped()) > self._told_dropped:
            facts = {"count": dropped - self._told_dropped}
            self._told_dropped = dropped
            words = "log lines were dropped: its reader is too slow, or its disk is full"
            self._put(LogLine(time.time(), "WARNING", __name__, words, facts))

    def _put(self, line: LogLine) -> bool:
        return self._writer.put(encode_line(line).encode("ascii") + b"\n")

    def close(self) -> None:
        """Tell what was counted and not yet told, and wait a moment for the last lines."""
        for kind, count in self._foreign.untold().items():
            facts = {"kind": kind, "count": count}
            self._write(LogLine(time.time(), "WARNING", __name__, "more of the same", facts))
        self._writer.close(LAST_LINES_SECONDS)
        super().close()

"""The process's own log: JSON lines on stderr, and no word of what clients sent."""

import logging
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from moorage_gateway.reporting.foreign_log import ForeignLog, foreign_line
from moorage_gateway.reporting.log_json import LogLine, encode_line, own_line

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


def configure_logging(
    level: int = logging.INFO,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> "JsonHandler":
    """Send every logger of the process to ``stream`` (stderr) as JSON, foreign ones stripped.

    Replaces all handlers there are. Our loggers attach values with
    ``extra={"facts": {name: value}}``; foreign ones are heard from WARNING on.
    """
    handler = JsonHandler(stream or sys.stderr, clock)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))
    for name in FOREIGN_LOGGERS:
        foreign = logging.getLogger(name)
        foreign.handlers.clear()
        foreign.propagate = True
        foreign.setLevel(logging.WARNING)
    for name in OWN_PACKAGES:
        logging.getLogger(name).setLevel(level)
    return handler


class JsonHandler(logging.StreamHandler[TextIO]):
    """Writes a record as one JSON line; foreign records at a bounded rate and stripped."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        super().__init__(stream)
        self._clock = clock
        self._foreign = ForeignLog()

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record, unless it is one of a foreign flood."""
        if record.name.startswith("moorage_"):
            self._write(own_line(record))
        elif count := self._foreign.admit(record, self._clock()):
            self._write(foreign_line(record, count))

    def _write(self, line: LogLine) -> None:
        # A stream that is closed or full must not take the process with it.
        with suppress(OSError, ValueError):
            self.stream.write(encode_line(line) + self.terminator)
            self.flush()

    def close(self) -> None:
        """Tell what was counted and not yet told."""
        for kind, count in self._foreign.untold().items():
            facts = {"kind": kind, "count": count}
            self._write(LogLine(time.time(), "WARNING", __name__, "more of the same", facts))
        super().close()

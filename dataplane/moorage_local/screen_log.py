"""The process's log on a terminal: readable lines above the live summary instead of JSON."""

import logging
import time
from collections.abc import Mapping

from moorage_gateway.reporting.foreign_log import ForeignLog, foreign_line
from moorage_gateway.reporting.log_json import LogLine, own_line
from moorage_local.screen import Screen


class ScreenHandler(logging.Handler):
    """Says a record above the summary; foreign records at a bounded rate and stripped."""

    def __init__(self, screen: Screen) -> None:
        super().__init__()
        self._screen = screen
        self._foreign = ForeignLog()

    def emit(self, record: logging.LogRecord) -> None:
        """Say the record, unless it is one of a foreign flood."""
        if record.name.startswith("moorage_"):
            self._screen.say([readable(own_line(record))])
        elif count := self._foreign.admit(record, time.monotonic()):
            self._screen.say([readable(foreign_line(record, count))])


def readable(line: LogLine) -> str:
    """``10:31:02 message (name: value, …)`` in printable characters, without a line feed.

    Facts that are mappings repeat for machines what the message says.
    """
    clock = time.strftime("%H:%M:%S", time.localtime(line.at_seconds))
    plain = {name: value for name, value in line.facts.items() if not isinstance(value, Mapping)}
    facts = ", ".join(f"{name}: {value}" for name, value in plain.items())
    text = f"{line.message} ({facts})" if facts else line.message
    if line.exception is not None:
        text += f" [{type(line.exception).__name__}]"
    return clock + " " + "".join(letter if letter.isprintable() else "�" for letter in text)

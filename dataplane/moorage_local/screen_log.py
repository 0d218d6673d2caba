"""The process's log on a terminal: readable lines above the live summary instead of JSON."""

import logging
import time
from collections.abc import Mapping
from typing import Final

from moorage_gateway.reporting.foreign_log import ForeignLog, foreign_line
from moorage_gateway.reporting.log_json import LogLine, own_line
from moorage_local.screen import Screen

MAX_QUOTED_LINES: Final = 10
_TOLD_APART: Final = frozenset({"bridge", "stderr"})


class ScreenHandler(logging.Handler):
    """Says a record above the summary; foreign records at a bounded rate and stripped."""

    def __init__(self, screen: Screen) -> None:
        super().__init__()
        self._screen = screen
        self._foreign = ForeignLog()

    def emit(self, record: logging.LogRecord) -> None:
        """Say the record, unless it is one of a foreign flood."""
        if record.name.startswith("moorage_"):
            self._screen.say(readable(own_line(record)))
        elif count := self._foreign.admit(record, time.monotonic()):
            self._screen.say(readable(foreign_line(record, count)))


def readable(line: LogLine) -> list[str]:
    """``10:31:02 message (name: value, …)`` in printable characters, without line feeds.

    What a server said on stderr stands below, the last ``MAX_QUOTED_LINES`` of it. Facts that are
    mappings repeat for machines what the message says.
    """
    clock = time.strftime("%H:%M:%S", time.localtime(line.at_seconds))
    bridge, quoted = line.facts.get("bridge"), line.facts.get("stderr")
    plain = {name: value for name, value in line.facts.items() if _is_plain(name, value)}
    facts = ", ".join(f"{name}: {value}" for name, value in plain.items())
    text = line.message if bridge is None else f"{bridge}: {line.message}"
    text += f" ({facts})" if facts else ""
    if line.exception is not None:
        text += f" [{type(line.exception).__name__}]"
    last_words = quoted.splitlines()[-MAX_QUOTED_LINES:] if isinstance(quoted, str) else []
    return [f"{clock} {_printable(text)}", *(f"    {_printable(words)}" for words in last_words)]


def _is_plain(name: str, value: object) -> bool:
    return name not in _TOLD_APART and not isinstance(value, Mapping)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "�" for letter in text)

"""What other people's code logs, stripped of what it quotes and of its floods (pure, T10).

aiohttp logs a rejected request head with its raw header values and asyncio logs the repr of what
failed. Of such records we tell the words that stand in the source and the exception's type, the
first at once and then one per interval with the count of those between.
"""

import logging
import re
from dataclasses import dataclass

from moorage_gateway.reporting.label_bound import LabelBound
from moorage_gateway.reporting.log_json import LogLine, exception_of

INTERVAL_SECONDS = 10.0
MAX_KINDS = 64

_HEAD_ERRORS = "aiohttp.http_exceptions"
_KNOWN_LIBRARIES = frozenset({"aiohttp", "asyncio"})
_QUOTED_FROM = re.compile(r"[<('\"`{\[\n=]|: ")


def foreign_line(record: logging.LogRecord, count: int) -> LogLine:
    """The line that tells of ``count`` records like this one."""
    exception = exception_of(record)
    if type(exception).__module__ == _HEAD_ERRORS:
        facts = {"reason": type(exception).__name__, "count": count}
        message = "refused malformed requests"
        return LogLine(record.created, "WARNING", record.name, message, facts)
    return LogLine(
        record.created,
        record.levelname,
        record.name,
        own_words(record),
        {"count": count},
        exception,
    )


def own_words(record: logging.LogRecord) -> str:
    """What of a message stood in the source: the template, or the text up to the first quote."""
    template = str(record.msg)
    if record.args:
        return template.partition("\n")[0]
    if record.name.partition(".")[0] not in _KNOWN_LIBRARIES:
        return "(withheld: it may quote what a client sent)"
    return _QUOTED_FROM.split(template, maxsplit=1)[0].strip()


@dataclass(slots=True)
class _Kind:
    told_at: float
    untold: int = 0


class ForeignLog:
    """Decides which records are told, by logger and exception type; at most 64 such kinds."""

    def __init__(self) -> None:
        self._kinds: dict[str, _Kind] = {}
        self._bound = LabelBound(MAX_KINDS)

    def admit(self, record: logging.LogRecord, now_seconds: float) -> int:
        """How many records of its kind this one stands for; 0 if it is not told now."""
        label = self._bound.label(kind_of(record))
        kind = self._kinds.get(label)
        if kind is None:
            self._kinds[label] = _Kind(now_seconds)
            return 1
        kind.untold += 1
        if now_seconds - kind.told_at < INTERVAL_SECONDS:
            return 0
        kind.told_at, count, kind.untold = now_seconds, kind.untold, 0
        return count

    def untold(self) -> dict[str, int]:
        """Records that were counted and not told, by kind; they count as told now."""
        left = {label: kind.untold for label, kind in self._kinds.items() if kind.untold}
        for kind in self._kinds.values():
            kind.untold = 0
        return left


def kind_of(record: logging.LogRecord) -> str:
    """Logger and exception type, or logger and words where there is no exception."""
    exception = exception_of(record)
    what = own_words(record) if exception is None else type(exception).__name__
    return f"{record.name} {what}"

"""Log records as JSON lines that hold no more than the code meant to tell (pure, threat T10).

An exception is told by its type and where it was raised, never by its message: the messages of
parsers, codecs and clients quote the input, and the input holds tokens.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from moorage_gateway.reporting.access_entry import rfc3339

MAX_TEXT_CHARACTERS = 4096
MAX_FRAMES = 12
MAX_CAUSES = 3
PATH_PARTS = 3


@dataclass(frozen=True, slots=True)
class LogLine:
    """What a line of the process's log tells."""

    at_seconds: float
    """Unix time."""
    level: str
    logger: str
    message: str
    facts: Mapping[str, object] = field(default_factory=dict)
    exception: BaseException | None = None


def own_line(record: logging.LogRecord) -> LogLine:
    """The line of a record of our own code, which chooses its words and attaches ``facts``."""
    return LogLine(
        record.created,
        record.levelname,
        record.name,
        _message(record),
        getattr(record, "facts", {}),
        exception_of(record),
    )


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # a slip in a log call must not fail its caller
        return str(record.msg)


def encode_line(line: LogLine) -> str:
    """The line as a JSON object in printable ASCII, without a line feed."""
    members: dict[str, object] = {
        "time": rfc3339(line.at_seconds),
        "level": line.level,
        "logger": line.logger,
        "message": line.message[:MAX_TEXT_CHARACTERS],
    }
    for name, value in line.facts.items():
        members.setdefault(name, _bounded(value))
    if line.exception is not None:
        members["exception"] = exception_story(line.exception)
    text = json.dumps(members, ensure_ascii=True, default=lambda value: type(value).__name__)
    return text.replace("\x7f", "\\u007f")


def _bounded(value: object) -> object:
    return value[:MAX_TEXT_CHARACTERS] if isinstance(value, str) else value


def exception_of(record: logging.LogRecord) -> BaseException | None:
    """The exception that a record carries."""
    return record.exc_info[1] if isinstance(record.exc_info, tuple) else None


def exception_story(exception: BaseException, causes: int = MAX_CAUSES) -> dict[str, Any]:
    """Type, innermost frames, and the same of its cause; no message."""
    story: dict[str, Any] = {
        "type": type(exception).__name__,
        "at": _frames(exception.__traceback__),
    }
    cause = exception.__cause__ or exception.__context__
    if cause is not None and causes > 0:
        story["cause"] = exception_story(cause, causes - 1)
    return story


def _frames(traceback: TracebackType | None) -> list[str]:
    frames: list[str] = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        path = "/".join(code.co_filename.split("/")[-PATH_PARTS:])
        frames.append(f"{path}:{traceback.tb_lineno} {code.co_qualname}")
        traceback = traceback.tb_next
    return frames[-MAX_FRAMES:]

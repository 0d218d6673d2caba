"""The process's log: one JSON object a line on standard error, kopf's records like ours."""

import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TextIO

from moorage_operator.running.resource_key import ResourceKey

MAX_MESSAGE_CHARACTERS = 4096
MAX_TRACEBACK_CHARACTERS = 8192
HEAD_ERRORS = "aiohttp.http_exceptions"


def start_log(level: str, stream: TextIO = sys.stderr) -> None:
    """Log from this level on (``info``); may be called again with another one."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(True)
    # kopf tells of each handler of each event there; its errors come through.
    logging.getLogger("kopf").setLevel(logging.WARNING)


class JsonLines(logging.Formatter):
    """``time`` (RFC 3339), ``level``, ``logger``, ``message``; where a record is about an object
    also ``kind``, ``namespace``, ``name``; where it has an exception, ``traceback``."""

    def format(self, record: logging.LogRecord) -> str:
        members = {
            "time": _rfc3339(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record)[:MAX_MESSAGE_CHARACTERS],
            **dict(_object_of(record)),
        }
        if told := self._traceback(record):
            members["traceback"] = told[-MAX_TRACEBACK_CHARACTERS:]
        return json.dumps(members)

    def _traceback(self, record: logging.LogRecord) -> str:
        if not isinstance(record.exc_info, tuple) or record.exc_info[0] is None:
            return ""
        kind = record.exc_info[0]
        if kind.__module__ == HEAD_ERRORS:
            # It quotes the head of a request, and a head may hold a token.
            return kind.__name__
        return self.formatException(record.exc_info)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # a slip in a log call must not fail its caller
        return str(record.msg)


def _object_of(record: logging.LogRecord) -> Iterator[tuple[str, str]]:
    reference = getattr(record, "k8s_ref", None)
    if isinstance(reference, dict):
        for member in ("kind", "namespace", "name"):
            if reference.get(member):
                yield member, str(reference[member])
    elif isinstance(record.args, tuple):
        for key in record.args:
            if isinstance(key, ResourceKey):
                yield "kind", key.kind
                yield "namespace", key.name.namespace
                yield "name", key.name.name
                return


def _rfc3339(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""One line of the access log: what it holds, and its JSON (pure)."""

import json
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from moorage_gateway.reporting.session_hash import session_hash

MAX_NAME_CHARACTERS = 128


class AccessEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The facts of one request that is over."""

    at_seconds: float
    """When it ended, Unix time."""
    route: str
    method: str
    """MCP method as sent; the line holds its first 128 characters."""
    status: int
    outcome: str
    seconds: float
    bytes_in: int
    bytes_out: int
    peer: str
    tool: str | None = None
    session: bytes | None = None
    """The session id itself; the line holds its hash only."""
    reason: str | None = None
    """Name of the refusal."""


class _Line(msgspec.Struct, omit_defaults=True):
    time: str
    route: str
    method: str
    status: int
    outcome: str
    seconds: float
    bytes_in: int
    bytes_out: int
    peer: str
    tool: str | None = None
    session: str | None = None
    reason: str | None = None


_encoder = msgspec.json.Encoder()


def encode_entry(entry: AccessEntry, session_key: bytes) -> bytes:
    """One JSON object in printable ASCII and a line feed: nothing in it can start a new line."""
    line = _Line(
        time=rfc3339(entry.at_seconds),
        route=entry.route,
        method=entry.method[:MAX_NAME_CHARACTERS],
        status=entry.status,
        outcome=entry.outcome,
        seconds=round(entry.seconds, 6),
        bytes_in=entry.bytes_in,
        bytes_out=entry.bytes_out,
        peer=entry.peer[:MAX_NAME_CHARACTERS],
        tool=None if entry.tool is None else entry.tool[:MAX_NAME_CHARACTERS],
        session=None if entry.session is None else session_hash(entry.session, session_key),
        reason=entry.reason,
    )
    return ascii_json(line) + b"\n"


def rfc3339(at_seconds: float) -> str:
    """A Unix time as RFC 3339 in UTC, to the millisecond (rounded down)."""
    whole = int(at_seconds)
    return f"{_second(whole)}.{int((at_seconds - whole) * 1000):03d}Z"


@lru_cache(maxsize=8)
def _second(whole_seconds: int) -> str:
    return datetime.fromtimestamp(whole_seconds, UTC).replace(tzinfo=None).isoformat()


def ascii_json(value: object) -> bytes:
    """``value`` as JSON in printable ASCII; what else it holds is escaped.

    Terminals obey C1 control characters and some log readers break lines at U+2028.
    """
    try:
        text = _encoder.encode(value)
    except UnicodeEncodeError:  # a lone surrogate, which JSON can carry and UTF-8 cannot
        text = b"\x7f"
    if text.isascii() and b"\x7f" not in text:
        return text
    escaped = json.dumps(msgspec.to_builtins(value), separators=(",", ":"), ensure_ascii=True)
    return escaped.replace("\x7f", "\\u007f").encode("ascii")

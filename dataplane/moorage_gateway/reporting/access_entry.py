"""One line of the access log: what it holds, and its JSON (pure)."""

import json
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

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
    session_names: bytes = b""
    """Members of the line, ready (``session_names.py``)."""
    reason: str | None = None
    """Name of the refusal."""


_encoder = msgspec.json.Encoder()


def encode_entry(entry: AccessEntry) -> bytes:
    """One JSON object in printable ASCII and a line feed: nothing in it can start a new line."""
    end = entry.session_names
    if entry.reason is not None:
        end += b',"reason":' + _text(entry.reason)
    whole = int(entry.at_seconds)
    return b'{"time":"%b.%03dZ"%b,"seconds":%.6f,"bytes_in":%d,"bytes_out":%d%b%b}\n' % (
        _second(whole),
        int((entry.at_seconds - whole) * 1000),
        _what(
            entry.route[:MAX_NAME_CHARACTERS],
            entry.method[:MAX_NAME_CHARACTERS],
            entry.status,
            entry.outcome,
        ),
        entry.seconds,
        entry.bytes_in,
        entry.bytes_out,
        _who(
            entry.peer[:MAX_NAME_CHARACTERS],
            None if entry.tool is None else entry.tool[:MAX_NAME_CHARACTERS],
        ),
        end,
    )


# A gateway says the same few things of most requests; their JSON is remembered. Clients choose
# some of these texts: callers cut them first, for a cache keeps its keys whole.
@lru_cache(maxsize=1024)
def _what(route: str, method: str, status: int, outcome: str) -> bytes:
    return b',"route":%b,"method":%b,"status":%d,"outcome":%b' % (
        _text(route),
        _text(method),
        status,
        _text(outcome),
    )


@lru_cache(maxsize=1024)
def _who(peer: str, tool: str | None) -> bytes:
    who = b',"peer":' + _text(peer)
    return who if tool is None else b'%b,"tool":%b' % (who, _text(tool))


@lru_cache(maxsize=256)
def _text(value: str) -> bytes:
    return ascii_json(value)


def rfc3339(at_seconds: float) -> str:
    """A Unix time as RFC 3339 in UTC, to the millisecond (rounded down)."""
    whole = int(at_seconds)
    return f"{_second(whole).decode()}.{int((at_seconds - whole) * 1000):03d}Z"


@lru_cache(maxsize=8)
def _second(whole_seconds: int) -> bytes:
    return datetime.fromtimestamp(whole_seconds, UTC).replace(tzinfo=None).isoformat().encode()


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

"""Server-sent events: writing them and cutting a stream into them.

Source: WHATWG HTML, "Server-sent events"; MCP 2025-11-25 ``basic/transports`` (priming events:
an id with empty data).
"""

from typing import Final

import msgspec

from moorage_wire.sse_bounds import DEFAULT_MAX_EVENT_BYTES, EventTooLarge
from moorage_wire.sse_rewriter import SseIdRewriter

__all__ = [
    "DEFAULT_MAX_EVENT_BYTES",
    "EventTooLarge",
    "SseEvent",
    "SseIdRewriter",
    "SseReader",
    "encode_comment",
    "encode_event",
]

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_MAX_RETRY_DIGITS: Final = 15


class SseEvent(msgspec.Struct, frozen=True, gc=False):
    """One event; ``None`` where its field was absent. An empty id resets the client's."""

    data: bytes
    event: bytes | None = None
    event_id: bytes | None = None
    retry_milliseconds: int | None = None


def encode_event(
    data: bytes,
    *,
    event: bytes | None = None,
    event_id: bytes | None = None,
    retry_milliseconds: int | None = None,
) -> bytes:
    """One event with LF line ends; each line of ``data`` gets a ``data:`` line of its own.

    Raises ``ValueError`` for an event name or id that has a line end or an id with NUL.
    """
    lines = []
    if event_id is not None:
        lines.append(b"id: " + _one_line(event_id))
    if event is not None:
        lines.append(b"event: " + _one_line(event))
    if retry_milliseconds is not None:
        lines.append(b"retry: %d" % retry_milliseconds)
    lines.extend(b"data: " + line for line in _lines_of(data))
    return b"\n".join(lines) + b"\n\n"


def encode_comment(text: bytes) -> bytes:
    """A comment, which clients skip: a keep-alive."""
    return b"".join(b": " + line + b"\n" for line in _lines_of(text)) + b"\n"


def _one_line(value: bytes) -> bytes:
    if b"\n" in value or b"\r" in value or b"\0" in value:
        raise ValueError("an event name or id has neither line ends nor NUL")
    return value


def _lines_of(text: bytes) -> list[bytes]:
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")


class SseReader:
    """Cuts the chunks of a stream into events; a broken-off last event is never given."""

    __slots__ = (
        "_after_cr",
        "_at_start",
        "_data",
        "_event",
        "_event_bytes",
        "_event_id",
        "_line",
        "_max_event_bytes",
        "_retry_milliseconds",
        "_touched",
    )

    def __init__(self, max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES) -> None:
        self._max_event_bytes: Final = max_event_bytes
        self._line = bytearray()
        self._at_start = True
        self._after_cr = False
        self._begin_event()

    def _begin_event(self) -> None:
        self._data: list[bytes] = []
        self._event: bytes | None = None
        self._event_id: bytes | None = None
        self._retry_milliseconds: int | None = None
        self._touched = False
        self._event_bytes = 0

    @property
    def at_boundary(self) -> bool:
        """Whether nothing of a next event was read yet."""
        return not self._touched and not self._line

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """The events that this chunk completes; raises ``EventTooLarge``.

        An event whose data is empty is given too (``data == b""``): priming events are such.
        """
        if not chunk:
            return []
        if self._after_cr:
            chunk = chunk.removeprefix(b"\n")
        self._after_cr = chunk.endswith(b"\r")
        pieces = chunk.splitlines(keepends=True)
        return [event for piece in pieces if (event := self._read_piece(piece)) is not None]

    def _read_piece(self, piece: bytes) -> SseEvent | None:
        self._event_bytes += len(piece)
        if self._event_bytes > self._max_event_bytes:
            raise EventTooLarge(self._max_event_bytes)
        self._line += piece
        return self._read_line() if piece.endswith((b"\n", b"\r")) else None

    def _read_line(self) -> SseEvent | None:
        whole = bytes(self._line)
        self._line.clear()
        line = whole.rstrip(b"\r\n")
        if self._at_start:
            line = line.removeprefix(_BYTE_ORDER_MARK)
            self._at_start = False
        if line.startswith(b":"):
            self._event_bytes -= len(whole)  # keep-alives make no event larger
        elif line:
            self._read_field(line)
        else:
            return self._end_event()
        return None

    def _end_event(self) -> SseEvent | None:
        event = None
        if self._touched:
            data = b"\n".join(self._data)
            event = SseEvent(data, self._event, self._event_id, self._retry_milliseconds)
        self._begin_event()
        return event

    def _read_field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._event = value
        elif name == b"id" and b"\0" not in value:
            self._event_id = value
        elif name == b"retry" and value.isdigit() and len(value) <= _MAX_RETRY_DIGITS:
            self._retry_milliseconds = int(value)
        else:
            return
        self._touched = True

"""Server-sent events: reading, writing, and relaying a stream while its event ids change.

Source: WHATWG HTML, "Server-sent events" (event stream interpretation); MCP 2025-11-25
``basic/transports`` (priming events: an id with empty data).
"""

import re
from collections.abc import Callable
from typing import Final

import msgspec

DEFAULT_MAX_EVENT_BYTES: Final = 1024 * 1024
DEFAULT_MAX_LINE_BYTES: Final = 64 * 1024
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class EventTooLarge(ValueError):
    """An event, or a line of it, passed its bound; the stream is not read on."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(
            f"an event of the stream is larger than {limit_bytes} bytes; "
            "make the server send smaller messages"
        )
        self.limit_bytes = limit_bytes


class SseEvent(msgspec.Struct, frozen=True, gc=False):
    """One event. ``None`` means that the field was absent; an empty id resets the last one."""

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
    """One event with LF line ends; each line of ``data`` gets its own ``data:`` line."""
    lines = []
    if event_id is not None:
        lines.append(b"id: " + event_id)
    if event is not None:
        lines.append(b"event: " + event)
    if retry_milliseconds is not None:
        lines.append(b"retry: %d" % retry_milliseconds)
    lines.extend(b"data: " + line for line in _lines_of(data))
    return b"\n".join(lines) + b"\n\n"


def encode_comment(text: bytes) -> bytes:
    """A comment, which clients skip: a keep-alive."""
    return b"".join(b": " + line + b"\n" for line in _lines_of(text)) + b"\n"


def _lines_of(text: bytes) -> list[bytes]:
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")


class SseReader:
    """Cuts the chunks of a stream into events."""

    __slots__ = (
        "_after_cr", "_at_start", "_data", "_event", "_event_bytes", "_event_id",
        "_max_event_bytes", "_parts", "_retry_milliseconds", "_touched",
    )  # fmt: skip

    def __init__(self, max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES) -> None:
        self._max_event_bytes: Final = max_event_bytes
        self._parts: list[bytes] = []
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
        return not self._touched and not self._parts

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """The events that this chunk completes; raises ``EventTooLarge``.

        An event with an id or a retry but no data is given too (``data == b""``): priming
        events are such.
        """
        if self._after_cr:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = not chunk and self._after_cr
        if not chunk:
            return []
        self._after_cr = chunk.endswith(b"\r")
        events: list[SseEvent] = []
        for line in chunk.splitlines(keepends=True):
            self._read_piece(line, events)
        return events

    def _read_piece(self, piece: bytes, events: list[SseEvent]) -> None:
        self._event_bytes += len(piece)
        if self._event_bytes > self._max_event_bytes:
            raise EventTooLarge(self._max_event_bytes)
        self._parts.append(piece)
        if not piece.endswith((b"\n", b"\r")):
            return
        line = b"".join(self._parts).rstrip(b"\r\n")
        self._parts.clear()
        if self._at_start:
            line = line.removeprefix(_BYTE_ORDER_MARK)
            self._at_start = False
        if line:
            self._read_field(line)
            return
        if self._touched:
            events.append(self._event_read())
        self._begin_event()

    def _event_read(self) -> SseEvent:
        return SseEvent(
            b"\n".join(self._data), self._event, self._event_id, self._retry_milliseconds
        )

    def _read_field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._event = value
        elif name == b"id" and b"\0" not in value:
            self._event_id = value
        elif name == b"retry" and value.isdigit():
            self._retry_milliseconds = int(value)
        else:
            return
        self._touched = True


_ID_LINE = re.compile(rb"(id:[ ]?)([^\r\n]*)([\r\n]+)")


class SseIdRewriter:
    """Relays a stream byte for byte, except that each event id becomes ``rewrite(id)``.

    Nothing is held back but a line that may still become an ``id`` field.
    """

    __slots__ = (
        "_after_cr", "_at_start", "_event_bytes", "_event_open", "_held", "_last_id_seen",
        "_max_event_bytes", "_max_line_bytes", "_mid_line", "_rewrite",
    )  # fmt: skip

    def __init__(
        self,
        rewrite: Callable[[bytes], bytes],
        max_line_bytes: int = DEFAULT_MAX_LINE_BYTES,
        max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES,
    ) -> None:
        self._rewrite: Final = rewrite
        self._max_line_bytes: Final = max_line_bytes
        self._max_event_bytes: Final = max_event_bytes
        self._held = b""
        self._at_start = True
        self._after_cr = False
        self._mid_line = False
        self._event_open = False
        self._event_bytes = 0
        self._last_id_seen = False

    @property
    def at_boundary(self) -> bool:
        """Whether the output so far ends between two events."""
        return not self._event_open and not self._mid_line

    @property
    def last_id_seen(self) -> bool:
        """Whether the stream gave an event id yet."""
        return self._last_id_seen

    def feed(self, chunk: bytes) -> bytes:
        """What of the stream may go out now; raises ``EventTooLarge``."""
        if self._passes_whole(chunk):
            self._event_open = self._mid_line = False
            self._event_bytes = 0
            return chunk
        return b"".join(self._pieces_out(chunk))

    def _passes_whole(self, chunk: bytes) -> bool:
        """Whether a chunk is whole events with LF ends and no ids, the ordinary case."""
        return (
            chunk.endswith(b"\n\n")
            and not self._mid_line
            and not self._held
            and not self._after_cr
            and not self._at_start
            and not chunk.startswith(b"id")
            and chunk.find(b"\nid") < 0
            and 13 not in chunk
            and self._event_bytes + len(chunk) <= self._max_event_bytes
        )

    def _pieces_out(self, chunk: bytes) -> list[bytes]:
        out: list[bytes] = []
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk.startswith(b"\n"):
                out.append(b"\n")
                chunk = chunk[1:]
        for piece in chunk.splitlines(keepends=True):
            out.append(self._piece_out(piece))
        if chunk:
            self._after_cr = chunk.endswith(b"\r")
        return out

    def _piece_out(self, piece: bytes) -> bytes:
        self._event_bytes += len(piece)
        if self._event_bytes > self._max_event_bytes:
            raise EventTooLarge(self._max_event_bytes)
        ended = piece.endswith((b"\n", b"\r"))
        if self._mid_line:
            self._mid_line = not ended
            return piece
        line = self._held + piece
        self._held = b""
        if not ended and self._may_become_id(line):
            return self._hold(line)
        return self._line_out(line, ended)

    def _may_become_id(self, line: bytes) -> bool:
        if self._at_start:
            if _BYTE_ORDER_MARK.startswith(line):
                return True
            line = line.removeprefix(_BYTE_ORDER_MARK)
        return line.startswith(b"id:") or b"id".startswith(line)

    def _hold(self, line: bytes) -> bytes:
        if len(line) > self._max_line_bytes:
            raise EventTooLarge(self._max_line_bytes)
        self._held = line
        return b""

    def _line_out(self, line: bytes, ended: bool) -> bytes:
        mark = b""
        if self._at_start:
            self._at_start = False
            if line.startswith(_BYTE_ORDER_MARK):
                mark, line = _BYTE_ORDER_MARK, line[3:]
        self._mid_line = not ended
        if line in (b"\n", b"\r", b"\r\n"):
            self._event_open = False
            self._event_bytes = 0
        elif line.startswith(b"id:"):
            return mark + self._id_line_out(line)
        elif not line.startswith(b":"):
            self._event_open = True
        return mark + line

    def _id_line_out(self, line: bytes) -> bytes:
        found = _ID_LINE.fullmatch(line)
        if found is None:
            raise AssertionError("an id line has no line end inside")
        prefix, value, end = found.groups()
        if b"\0" in value:
            return b""
        self._event_open = True
        if not value:
            return line
        self._last_id_seen = True
        return bytes(prefix) + self._rewrite(value) + bytes(end)

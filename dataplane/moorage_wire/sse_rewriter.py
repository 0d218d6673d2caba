"""Relaying a stream of server-sent events while its event ids change.

Every byte but the values of ``id`` fields passes as it is, at once: only a line that may still
become an ``id`` field is held back. Source: WHATWG HTML, "Server-sent events".
"""

from collections.abc import Callable
from typing import Final

from moorage_wire.sse_bounds import (
    DEFAULT_MAX_EVENT_BYTES,
    DEFAULT_MAX_LINE_BYTES,
    EventTooLarge,
)

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_CR: Final = ord("\r")
_BOUNDARIES: Final = (b"\n\n", b"\r\n\r\n")
_LINE_ENDS: Final = (b"\n", b"\r")


class SseIdRewriter:
    """A relay of one stream in which each event id becomes ``rewrite(id)``.

    Empty ids, which reset the client's, stay empty; ids with NUL, which clients ignore, become
    empty comments. ``rewrite`` gives neither line ends nor NUL. After ``EventTooLarge`` the relay
    is spent.
    """

    __slots__ = (
        "_after_cr",
        "_at_start",
        "_event_bytes",
        "_event_open",
        "_held",
        "_in_comment",
        "_last_id_seen",
        "_max_event_bytes",
        "_max_line_bytes",
        "_mid_line",
        "_rewrite",
    )

    def __init__(
        self,
        rewrite: Callable[[bytes], bytes],
        max_line_bytes: int = DEFAULT_MAX_LINE_BYTES,
        max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES,
    ) -> None:
        self._rewrite: Final = rewrite
        self._max_line_bytes: Final = max_line_bytes
        self._max_event_bytes: Final = max_event_bytes
        self._at_start = True
        self._held = b""  # a line's beginning that may still become an id field
        self._mid_line = False  # the output ends inside a line
        self._in_comment = False
        self._after_cr = False  # a line feed that comes next belongs to the line before
        self._event_open = False  # fields of an event went out, its blank line did not
        self._event_bytes = 0
        self._last_id_seen = False

    @property
    def at_boundary(self) -> bool:
        """Whether the output so far ends between two events."""
        return not self._event_open and not self._mid_line

    @property
    def last_id_seen(self) -> bool:
        """Whether an event id went out yet."""
        return self._last_id_seen

    def feed(self, chunk: bytes) -> bytes:
        """What of the stream may go out now; raises ``EventTooLarge``."""
        if (
            chunk.endswith(_BOUNDARIES)
            and not (self._mid_line or self._held or self._after_cr or self._at_start)
            and self._event_bytes + len(chunk) <= self._max_event_bytes
            and (_CR not in chunk or chunk.count(b"\r") == chunk.count(b"\r\n"))
            # Only in a longer chunk can an id be too long; what came before it must go out then.
            and (len(chunk) <= self._max_line_bytes or b"id:" not in chunk)
        ):
            return self._whole_lines_out(chunk)
        return b"".join(self._pieces_out(chunk))

    # ---- whole lines without lone CRs, up to the end of an event: the ordinary chunk ----------

    def _whole_lines_out(self, chunk: bytes) -> bytes:
        if b"id:" in chunk:
            chunk = self._with_ids_rewritten(chunk)
        self._event_open = False
        self._event_bytes = 0
        return chunk

    def _with_ids_rewritten(self, chunk: bytes) -> bytes:
        out: list[bytes] = []
        done = 0
        lines = b"\n" + chunk  # so that each line begins behind a line feed
        while (at := lines.find(b"\nid:", done)) >= 0:
            end = lines.index(b"\n", at + 1)
            out += lines[done : at + 1], self._id_line_out(lines[at + 1 : end])
            done = end
        out.append(lines[done:])
        return b"".join(out)[1:]

    # ---- any chunk -----------------------------------------------------------------------------

    def _pieces_out(self, chunk: bytes) -> list[bytes]:
        if not chunk:
            return []
        out: list[bytes] = []
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            out.append(b"\n")
        self._after_cr = chunk.endswith(b"\r")
        try:
            for piece in chunk.splitlines(keepends=True):
                out.append(self._piece_out(piece))
        except EventTooLarge as error:
            error.before = b"".join(out)
            raise
        return out

    def _piece_out(self, piece: bytes) -> bytes:
        """What goes out of a whole line, or of a part of one at the edge of a chunk."""
        ended = piece.endswith(_LINE_ENDS)
        if not self._mid_line and not self._held:
            self._in_comment = piece.startswith(b":")
        self._count(piece)
        if self._mid_line:
            self._mid_line = not ended
            return piece
        line, self._held = self._held + piece, b""
        if not ended and self._may_become_id(line):
            self._hold(line)
            return b""
        return self._line_out(line, ended)

    def _count(self, piece: bytes) -> None:
        if self._in_comment:
            return  # keep-alives make no event larger
        self._event_bytes += len(piece)
        if self._event_bytes > self._max_event_bytes:
            raise EventTooLarge(self._max_event_bytes)

    def _may_become_id(self, line: bytes) -> bool:
        if self._at_start:
            if _BYTE_ORDER_MARK.startswith(line):
                return True
            line = line.removeprefix(_BYTE_ORDER_MARK)
        return line.startswith(b"id:") or b"id".startswith(line)

    def _hold(self, line: bytes) -> None:
        if len(line) > self._max_line_bytes:
            raise EventTooLarge(self._max_line_bytes)
        self._held = line

    def _line_out(self, line: bytes, ended: bool) -> bytes:
        mark = b""
        if self._at_start:
            self._at_start = False
            if line.startswith(_BYTE_ORDER_MARK):
                mark, line = _BYTE_ORDER_MARK, line[len(_BYTE_ORDER_MARK) :]
        self._mid_line = not ended
        if line.startswith(b"id:"):
            return mark + self._id_line_out(line)
        if line.strip(b"\r\n"):
            self._event_open = self._event_open or not line.startswith(b":")
        else:
            self._event_open = False
            self._event_bytes = 0
        return mark + line

    # ---- one id field --------------------------------------------------------------------------

    def _id_line_out(self, line: bytes) -> bytes:
        field = line.rstrip(b"\r\n")
        if len(field) > self._max_line_bytes:
            raise EventTooLarge(self._max_line_bytes)
        value = field[3:].removeprefix(b" ")
        if b"\0" in value:
            return b":" + line[len(field) :]
        if value:
            line = field[: -len(value)] + self._rewrite(value) + line[len(field) :]
            self._last_id_seen = True
        self._event_open = True
        return line

"""The last head of a connection: the next one is mostly the same, and costs a tenth then.

Two values differ between heads that else are one: the length of the body, and the session id, for
connections are shared by sessions. Both stay out of the comparison and are checked by themselves.
"""

import string
from collections.abc import Callable
from typing import Final, Generic, TypeVar

import msgspec

from moorage_wire.answer_head import AnswerHead
from moorage_wire.header_sorting import LENGTH_DIGITS
from moorage_wire.request_head import RequestHead

Head = TypeVar("Head", bound=RequestHead | AnswerHead)
Headers = list[tuple[bytes, bytes]]

_ANY_LENGTH: Final = [(b"content-length", b"0" * digits) for digits in range(LENGTH_DIGITS + 1)]
"""By the number of digits: it counts for the size of the head."""
_ANY_SESSION: Final = (b"mcp-session-id", b"")
_ID_OCTETS: Final = (string.ascii_letters + string.digits + "-_.").encode()
"""Of capsules, UUIDs and hexadecimal ids: plain text, which nothing need check any more."""


class HeadMemory(Generic[Head]):
    """Reads heads, and remembers the last one that was read."""

    __slots__ = ("_head", "_headers", "_read", "_session_id")

    def __init__(self, read: Callable[[Headers], Head]) -> None:
        self._read = read
        self._headers: Headers | None = None
        self._session_id: bytes | None = None
        self._head: Head | None = None

    def read(self, headers: Headers, length_at: int | None, session_at: int | None) -> Head:
        """The head; raises what reading raises.

        ``length_at`` and ``session_at`` are the indices of content-length and mcp-session-id.
        """
        compared, session_id = headers, None
        if length_at is not None or session_at is not None:
            compared = headers.copy()
            if length_at is not None:
                length = headers[length_at][1]
                if not (length.isdigit() and len(length) <= LENGTH_DIGITS):
                    return self._read(headers)
                compared[length_at] = _ANY_LENGTH[len(length)]
            if session_at is not None:
                session_id = headers[session_at][1]
                compared[session_at] = _ANY_SESSION
        if compared != self._headers or self._head is None:
            head = self._read(headers)
        elif session_id == self._session_id:
            return self._head
        else:
            head = self._of_another_session(self._head, session_id) or self._read(headers)
        self._headers, self._session_id, self._head = compared, session_id, head
        return head

    def _of_another_session(self, head: Head, session_id: bytes | None) -> Head | None:
        """The same head with this id; None where it must be read as a whole."""
        if not session_id or session_id.translate(None, _ID_OCTETS):
            return None
        if len(session_id) != len(self._session_id or b""):  # the head may be too large now
            return None
        return msgspec.structs.replace(head, session_id=session_id.decode("ascii"))

    def forget(self) -> None:
        """A stream begins, which may last for hours: it shall hold as little as it can."""
        self._headers = self._session_id = self._head = None

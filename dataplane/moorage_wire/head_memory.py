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

_LENGTH: Final = b"content-length"
_SESSION: Final = b"mcp-session-id"
_ANY_LENGTH: Final = [(_LENGTH, b"0" * digits) for digits in range(LENGTH_DIGITS + 1)]
"""By the number of digits: it counts for the size of the head."""
_ANY_SESSION: Final = (_SESSION, b"")
_ID_OCTETS: Final = (string.ascii_letters + string.digits + "-_.").encode()
"""Of capsules, UUIDs and hexadecimal ids: plain text, which nothing need check any more."""


class HeadMemory(Generic[Head]):
    """Reads heads, and remembers the last one that was read."""

    __slots__ = ("_compared", "_head", "_length_at", "_read", "_session_at", "_session_id")

    def __init__(self, read: Callable[[Headers], Head]) -> None:
        self._read = read
        self.forget()

    def forget(self) -> None:
        """A stream begins, which may last for hours: it shall hold as little as it can."""
        self._compared: Headers | None = None
        self._length_at = self._session_at = -1
        self._session_id: bytes | None = None
        self._head: Head | None = None

    def read(self, headers: Headers) -> Head:
        """The head; raises what reading raises."""
        head = self._head
        if head is None or len(headers) != len(self._compared or ()):
            return self._read_whole(headers)
        session_id = self._session_id
        compared = headers.copy()
        if self._length_at >= 0:
            name, length = headers[self._length_at]
            if name.lower() == _LENGTH and length.isdigit() and len(length) <= LENGTH_DIGITS:
                compared[self._length_at] = _ANY_LENGTH[len(length)]
        if self._session_at >= 0:
            name, session_id = headers[self._session_at]
            if name.lower() == _SESSION:
                compared[self._session_at] = _ANY_SESSION
        if compared != self._compared:
            return self._read_whole(headers)
        if session_id == self._session_id:
            return head
        return self._of_another_session(head, session_id or b"") or self._read_whole(headers)

    def _of_another_session(self, head: Head, session_id: bytes) -> Head | None:
        """The same head with this id; None where it must be read as a whole."""
        if not session_id or session_id.translate(None, _ID_OCTETS):
            return None
        if len(session_id) != len(self._session_id or b""):  # the head may be too large now
            return None
        self._session_id = session_id
        self._head = msgspec.structs.replace(head, session_id=session_id.decode("ascii"))
        return self._head

    def _read_whole(self, headers: Headers) -> Head:
        self.forget()
        head = self._read(headers)
        compared = headers.copy()
        for place, (name, value) in enumerate(headers):
            lowered = name.lower()
            if lowered == _LENGTH:
                self._length_at, compared[place] = place, _ANY_LENGTH[len(value)]
            elif lowered == _SESSION:
                self._session_at, compared[place] = place, _ANY_SESSION
                self._session_id = value
        self._compared, self._head = compared, head
        return head

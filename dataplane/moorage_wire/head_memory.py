"""The last head of a connection: the next one is mostly the same, and costs a tenth then.

Only the length of the body differs between most of them; whether its value is one is the parser's
to check, so it takes no part in the comparison.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

Head = TypeVar("Head")
Headers = list[tuple[bytes, bytes]]
_ANY_LENGTH = (b"content-length", b"0")


class HeadMemory(Generic[Head]):
    """Reads heads, and remembers the last one that was read."""

    __slots__ = ("_head", "_headers", "_read")

    def __init__(self, read: Callable[[Headers], Head]) -> None:
        self._read = read
        self._headers: Headers | None = None
        self._head: Head | None = None

    def read(self, headers: Headers, length_at: int | None) -> Head:
        """The head; ``length_at`` is the index of content-length. Raises what reading raises."""
        compared = headers
        if length_at is not None:
            compared = headers.copy()
            compared[length_at] = _ANY_LENGTH
        if compared == self._headers and self._head is not None:
            return self._head
        head = self._read(headers)
        self._headers, self._head = compared, head
        return head

    def forget(self) -> None:
        """A stream begins, which may last for hours: it shall hold as little as it can."""
        self._headers = self._head = None

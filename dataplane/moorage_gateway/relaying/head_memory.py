"""The last head of a connection: a client's next one is mostly the same, and costs a tenth then.

Only the length of the body differs between most requests of a client; whether its value is one is
the parser's to check, so it takes no part in the comparison.
"""

from moorage_wire.heads import RequestHead, read_head

Headers = list[tuple[bytes, bytes]]
_ANY_LENGTH = (b"content-length", b"0")


class HeadMemory:
    """Checks heads, and remembers the last one that was checked."""

    __slots__ = ("_head", "_headers")

    def __init__(self) -> None:
        self._headers: Headers | None = None
        self._head: RequestHead | None = None

    def read(self, headers: Headers, length_at: int | None, max_header_bytes: int) -> RequestHead:
        """The checked head; ``length_at`` is the index of content-length. Raises HeadRefusal."""
        compared = headers
        if length_at is not None:
            compared = headers.copy()
            compared[length_at] = _ANY_LENGTH
        if compared == self._headers and self._head is not None:
            return self._head
        head = read_head(tuple(headers), max_header_bytes=max_header_bytes)
        self._headers, self._head = compared, head
        return head

    def forget(self) -> None:
        """A stream begins, which may last for hours: it shall hold as little as it can."""
        self._headers = self._head = None

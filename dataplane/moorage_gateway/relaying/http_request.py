"""One whole HTTP request, as the client's connection hands it to the front."""

from moorage_wire.heads import RequestHead


class HttpRequest:
    """A checked head and a whole, bounded body."""

    __slots__ = ("body", "head", "http11", "keep_alive", "method", "raw_headers", "target")

    def __init__(self, method: str, target: str, head: RequestHead, http11: bool) -> None:
        self.method = method
        self.target = target
        """The request target as it stood in the request line."""
        self.head = head
        self.http11 = http11
        self.keep_alive = False
        self.raw_headers: tuple[tuple[bytes, bytes], ...] = ()
        self.body = b""

    @property
    def is_chunked(self) -> bool:
        """Whether the body comes in chunks."""
        return any(name.lower() == b"transfer-encoding" for name, _ in self.raw_headers)

    @property
    def declared_bytes(self) -> int:
        """The body's length as the head declares it; 0 where it does not."""
        lengths = (value for name, value in self.raw_headers if name.lower() == b"content-length")
        return int(next(lengths, b"0"))

"""Lines of a stdio server's stdout: one JSON-RPC message a line, bounded.

Source: MCP specification, ``basic/transports`` (stdio): messages are delimited by newlines and
contain none; stdout carries nothing else, yet real servers print noise there.
"""

from typing import Final


class LineTooLong(ValueError):
    """A line passed its bound before its newline came; the channel cannot be trusted any more."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(
            f"a line of the server's stdout is longer than {limit_bytes} bytes; "
            "make the server send smaller messages or raise the line limit"
        )
        self.limit_bytes = limit_bytes


class LineReader:
    """Cuts chunks into lines: without their newline (LF or CRLF), empty ones left out."""

    __slots__ = ("_max_line_bytes", "_pending")

    def __init__(self, max_line_bytes: int) -> None:
        self._max_line_bytes: Final = max_line_bytes
        self._pending = bytearray()

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that this chunk completes; raises ``LineTooLong``."""
        *ended, rest = chunk.split(b"\n")
        if ended and self._pending:
            self._pending += ended[0]
            ended[0] = bytes(self._pending)
            self._pending.clear()
        self._pending += rest
        if len(self._pending) > self._max_line_bytes + 1:  # one more: the CR of a CRLF
            raise LineTooLong(self._max_line_bytes)
        return [line for line in map(self._checked, ended) if line]

    def _checked(self, line: bytes) -> bytes:
        line = line.removesuffix(b"\r")
        if len(line) > self._max_line_bytes:
            raise LineTooLong(self._max_line_bytes)
        return line

"""The head of a relayed answer, as bytes (pure)."""

from functools import lru_cache
from http import HTTPStatus


@lru_cache(maxsize=64)
def status_line(status: int) -> bytes:
    """``HTTP/1.1 200 OK`` and its line end; unknown codes get an empty reason phrase."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode("ascii")


def whole_head(status: int, forward: bytes, session: bytes, length: int, closing: bool) -> bytes:
    """The head of an answer whose whole body is at hand."""
    end = b"\r\nconnection: close\r\n\r\n" if closing else b"\r\n\r\n"
    return b"%b%b%bcontent-length: %d%b" % (status_line(status), forward, session, length, end)


def streamed_head(
    status: int, forward: bytes, session: bytes, chunked: bool, closing: bool
) -> bytes:
    """The head of an answer whose body is still coming; HTTP/1.0 clients get it until close."""
    coding = b"transfer-encoding: chunked\r\n" if chunked else b""
    end = b"connection: close\r\n\r\n" if closing or not chunked else b"\r\n"
    return status_line(status) + forward + session + coding + end

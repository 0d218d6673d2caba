"""Parser and head checks together: no request comes through that could be read in two ways.

The gateway reads clients with httptools, the stdio bridge with aiohttp; both are held to it. The
vectors of llhttp stand in a folder beside the repository, if at all; the others are our own.
"""

import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path

import httptools
import pytest
from aiohttp import http_parser
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import HttpProcessingError

from moorage_wire.heads import HeadRefusal, read_head, read_target

VECTORS = Path(__file__).parents[4] / "shared" / "corpora" / "attacks" / "http.jsonl"
END_OF_HEAD = b"\r\n\r\n"

Request = tuple[str, str]
"""Method and path of a whole request that both the parser and the head checks let through."""


def through_aiohttp(octets: bytes) -> list[Request]:
    loop = asyncio.get_running_loop()
    parser = http_parser.HttpRequestParser(BaseProtocol(loop), loop, limit=65_536)
    through: list[Request] = []
    try:
        messages, _, _ = parser.feed_data(octets)
        if not messages:
            messages, _, _ = parser.feed_data(END_OF_HEAD)
    except HttpProcessingError:
        return through
    for message, _ in messages:
        try:
            read_head(message.raw_headers)
            through.append((message.method, read_target(message.path)[0]))
        except HeadRefusal:
            break
    return through


class RequestCollector:
    """What httptools calls; it stops at the first refusal, as the gateway does."""

    def __init__(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.through: list[Request] = []
        self.heads = 0
        self.on_message_begin()

    def on_message_begin(self) -> None:
        self.target = b""
        self.headers: list[tuple[bytes, bytes]] = []

    def on_url(self, part: bytes) -> None:
        self.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        self.heads += 1
        read_head(self.headers)
        self.path, _ = read_target(self.target.decode("latin-1"))

    def on_message_complete(self) -> None:
        self.through.append((self.parser.get_method().decode(), self.path))


def through_httptools(octets: bytes) -> list[Request]:
    collector = RequestCollector()
    try:
        collector.parser.feed_data(octets)
        if not collector.heads:
            collector.parser.feed_data(END_OF_HEAD)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        pass
    return collector.through


PARSERS = pytest.mark.parametrize("come_through", [through_aiohttp, through_httptools])
ComeThrough = Callable[[bytes], list[Request]]


def test_the_parser_is_the_one_that_was_tested() -> None:
    assert http_parser.HttpRequestParser.__module__ == "aiohttp._http_parser"


def vectors(expect: str) -> list[tuple[str, bytes]]:
    if not VECTORS.exists():
        pytest.skip(f"no vectors at {'/'.join(VECTORS.parts[-4:])} beside the repository")
    rows = (json.loads(line) for line in VECTORS.read_text().splitlines())
    return [
        (row["id"], base64.b64decode(row["raw_b64"]))
        for row in rows
        if row["mode"] == "request" and row["expect"] == expect
    ]


@PARSERS
async def test_no_vector_that_llhttp_rejects_comes_through(come_through: ComeThrough) -> None:
    # Two vectors are a good request with rubbish behind it, and httptools tells of that first.
    before_rubbish = {"d-http-0002": [("PUT", "/url")], "d-http-0003": [("POST", "/")]}
    rows = vectors("reject")
    assert len(rows) >= 60
    for vector_id, octets in rows:
        through = come_through(octets)
        assert through == [] or through == before_rubbish.get(vector_id), vector_id


@PARSERS
async def test_honest_vectors_still_come_through(come_through: ComeThrough) -> None:
    through = [come_through(octets) for _, octets in vectors("accept")]
    assert sum(map(bool, through)) >= 10


def post(*header_lines: bytes, target: bytes = b"/mcp", body: bytes = b"hello") -> bytes:
    lines = (b"POST " + target + b" HTTP/1.1", b"Host: gateway", *header_lines, b"", b"")
    return b"\r\n".join(lines) + body


@pytest.mark.parametrize(
    "octets",
    [
        post(b"Content-Length: 5"),
        post(b"Content-Length:5", b"X-A:  b \t "),
        post(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n"),
        post(b"Expect: 100-continue", b"Content-Length: 5"),
        post(b"X-Opaque: Zo\xc3\xab", b"Content-Length: 5"),
    ],
)
@PARSERS
async def test_plain_requests_come_through_also_in_a_row(
    octets: bytes, come_through: ComeThrough
) -> None:
    assert come_through(octets) == [("POST", "/mcp")]
    assert come_through(octets * 3) == [("POST", "/mcp")] * 3


@PARSERS
async def test_nothing_is_read_behind_an_offer_of_http2(come_through: ComeThrough) -> None:
    offer = post(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"Content-Length: 5")
    assert come_through(offer * 3) == [("POST", "/mcp")]


@pytest.mark.parametrize(
    "octets",
    [
        post(b"Content-Length: 5", b"Content-Length: 5"),
        post(b"Content-Length: 5", b"Content-Length: 6"),
        post(b"Content-Length: 5, 5"),
        post(b"Content-Length: +5"),
        post(b"Content-Length: -5"),
        post(b"Content-Length: 0x5"),
        post(b"Content-Length: 5 5"),
        post(b"Content-Length: \x0b5"),
        post(b"Content-Length : 5"),
        post(b"Content-Length\t: 5"),
        post(b"Content_Length: 5"),
        post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding: identity", b"Content-Length: 5"),
        post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n"),
        post(b"Transfer_Encoding: chunked", body=b"0\r\n\r\n"),
        post(b" Transfer-Encoding: chunked", b"Content-Length: 5"),
        post(b"X-A: b\r\n Transfer-Encoding: chunked", b"Content-Length: 5"),
        post(b"X-A: b\r\n\tfolded", b"Content-Length: 5"),
        post(b"X-A: b\nTransfer-Encoding: chunked", b"Content-Length: 5"),
        post(b"X-A: b\rTransfer-Encoding: chunked", b"Content-Length: 5"),
        post(b"X-A: b\x00c", b"Content-Length: 5"),
        post(b"X-A: b\x01c", b"Content-Length: 5"),
        post(b"X-A: b\x7fc", b"Content-Length: 5"),
        post(b"X\x00A: b", b"Content-Length: 5"),
        post(b"X A: b", b"Content-Length: 5"),
        post(b": b", b"Content-Length: 5"),
        post(b"X-A", b"Content-Length: 5"),
        post(b"Host: other", b"Content-Length: 5"),
        post(b"Content-Length: 5").replace(b"\r\n", b"\n"),
        post(b"Content-Length: 5").replace(b"\r\n", b"\r"),
        post(b"Content-Length: 5", b"Mcp-Session-Id: a", b"mcp-session-id: b"),
        post(b"Content-Length: 5", b"Authorization: a", b"AUTHORIZATION: b"),
        post(b"Content-Length: 5", b"mcp_session_id: a"),
        post(b"Content-Length: 5", b"Connection: close, Mcp-Session-Id", b"Mcp-Session-Id: a"),
        post(b"Content-Length: 5", b"Connection: upgrade", b"Upgrade: websocket"),
        post(b"Content-Length: 5", b"Content-Encoding: gzip"),
        *(
            post(b"Transfer-Encoding: chunked", body=body)
            for body in (
                b"5\nhello\n0\n\n",
                b"0x5\r\nhello\r\n0\r\n\r\n",
                b"+5\r\nhello\r\n0\r\n\r\n",
                b"5 \r\nhello\r\n0\r\n\r\n",
                b"5;a\nb\r\nhello\r\n0\r\n\r\n",
                b"4\r\nhello\r\n0\r\n\r\n",
                b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
                b"5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n",
            )
        ),
        post(b"Content-Length: 5", b"Expect: 100-continue, 200-ok"),
        *(
            post(b"Content-Length: 5", target=target)
            for target in (
                b"http://other/mcp",
                b"//other/mcp",
                b"other:443",
                b"*",
                b"/a/../mcp",
                b"/a/..%2fmcp",
                b"/%2e%2e/mcp",
                b"/mcp%00",
                b"/mcp\\x",
                b"/mcp#x",
                b"/mcp\xff",
                b"/caf\xc3\xa9",
                b"/a b",
            )
        ),
    ],
)
@PARSERS
async def test_smuggled_requests_do_not_come_through(
    octets: bytes, come_through: ComeThrough
) -> None:
    assert come_through(octets) == []
    assert come_through(octets + post(b"Content-Length: 5")) == []

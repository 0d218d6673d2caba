"""An HTTP+SSE endpoint says where to post: on its own origin, and nowhere else (SSRF)."""

import pytest

from moorage_gateway.connecting.http_sse_endpoint import MAX_TARGET_CHARS, message_target
from moorage_gateway.errors import BadAnswer

ENDPOINT = "http://tickets.example:8080/mcp/sse?tenant=1"


@pytest.mark.parametrize(
    ("named", "target"),
    [
        (b"/messages/?session_id=ab12", "/messages/?session_id=ab12"),
        (b"messages?sessionId=1", "/mcp/messages?sessionId=1"),
        (b"?sessionId=1", "/mcp/sse?sessionId=1"),
        (b"http://tickets.example:8080/m?s=1", "/m?s=1"),
        (b"HTTP://TICKETS.example:8080/m", "/m"),
        (b"//tickets.example:8080/m", "/m"),
        (b"/m?s=1#part", "/m?s=1"),
        (b"http://tickets.example:8080", "/"),
        (b"/a/../m", "/m"),
        (b"///evil.example/m", "/evil.example/m"),
        (b"/m\\evil.example", "/m\\evil.example"),
    ],
)
def test_a_place_on_its_own_origin(named: bytes, target: str) -> None:
    assert message_target(ENDPOINT, named) == target


@pytest.mark.parametrize("port", ["", ":80"])
def test_the_default_port_is_the_same_origin_whether_written_or_not(port: str) -> None:
    assert message_target("http://tickets.example/sse", f"http://tickets.example{port}/m".encode())


@pytest.mark.parametrize(
    "named",
    [
        b"http://169.254.169.254/latest/meta-data",
        b"//evil.example/m",
        b"http://tickets.example/m",
        b"http://tickets.example:8081/m",
        b"https://tickets.example:8080/m",
        b"http://tickets.example.evil.example:8080/m",
        b"http://tickets.example:8080@evil.example/m",
        b"http://user@tickets.example:8080/m",
        b"http://tickets.example:99999/m",
        b"http://[::1/m",
        b"file:///etc/passwd",
        b"javascript:alert(1)",
        b"gopher://tickets.example:8080/m",
    ],
)
def test_another_origin_is_a_bad_answer(named: bytes) -> None:
    with pytest.raises(BadAnswer):
        message_target(ENDPOINT, named)


@pytest.mark.parametrize(
    "named",
    [
        b"",
        b"/m HTTP/1.1",
        b"/m\r\nx-evil: 1",
        b"/m\tx",
        b"/m\x00",
        "/ünïcode".encode(),
        b"/" + b"x" * MAX_TARGET_CHARS,
    ],
)
def test_what_could_not_stand_in_a_request_line_is_a_bad_answer(named: bytes) -> None:
    with pytest.raises(BadAnswer):
        message_target(ENDPOINT, named)

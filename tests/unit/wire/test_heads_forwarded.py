"""What of a request's head is read, and what of it reaches the endpoint."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moorage_wire.heads import HeadRefusal, read_head

Headers = list[tuple[bytes, bytes]]


def test_a_usual_head_is_read_and_forwarded() -> None:
    head = read_head(
        (
            (b"Host", b"gateway:8080"),
            (b"Accept", b"application/json, text/event-stream"),
            (b"Accept-Encoding", b"gzip, deflate"),
            (b"Connection", b"keep-alive"),
            (b"User-Agent", b"client/1.0"),
            (b"Content-Type", b"application/json"),
            (b"Mcp-Session-Id", b"abc_-9"),
            (b"MCP-Protocol-Version", b"2025-11-25"),
            (b"Mcp-Method", b"tools/call"),
            (b"Mcp-Name", b"echo me"),
            (b"Last-Event-ID", b"event-7"),
            (b"Authorization", b"Bearer token"),
            (b"Origin", b"http://localhost"),
            (b"Expect", b"100-Continue"),
            (b"Content-Length", b"180"),
        )
    )
    assert head.host == b"gateway:8080"
    assert head.origin == b"http://localhost"
    assert head.content_type == b"application/json"
    assert head.accept == b"application/json, text/event-stream"
    assert head.session_id == "abc_-9"
    assert head.protocol_version == "2025-11-25"
    assert head.mcp_method == "tools/call"
    assert head.mcp_name == "echo me"
    assert head.last_event_id == b"event-7"
    assert head.authorization == b"Bearer token"
    assert head.expects_continue
    assert head.forward == (
        b"accept: application/json, text/event-stream\r\n"
        b"user-agent: client/1.0\r\n"
        b"content-type: application/json\r\n"
        b"mcp-protocol-version: 2025-11-25\r\n"
        b"mcp-method: tools/call\r\n"
        b"mcp-name: echo me\r\n"
    )
    assert head.header_bytes == 400


def test_an_empty_head_reads_as_nothing_sent() -> None:
    head = read_head(())
    assert (head.host, head.session_id, head.mcp_name, head.forward) == (None, None, None, b"")
    assert not head.expects_continue
    assert head.header_bytes == 0


@pytest.mark.parametrize(
    "name",
    [
        b"Host",
        b"Origin",
        b"Content-Length",
        b"Accept-Encoding",
        b"Authorization",
        b"Cookie",
        b"Keep-Alive",
        b"TE",
        b"Trailer",
        b"HTTP2-Settings",
        b"Mcp-Init-Host",
        b"Proxy",
        b"Proxy-Authorization",
        b"Proxy-Connection",
        b"Forwarded",
        b"X-Forwarded-For",
        b"X-Forwarded-Host",
        b"X-Forwarded-Prefix",
        b"x_forwarded_for",
        b"X-Real-IP",
        b"X_Real_IP",
        b"True-Client-IP",
        b"CF-Connecting-IP",
        b"X-Envoy-Original-Path",
        b"X-Original-URL",
        b"X-Rewrite-URL",
        b"X-HTTP-Method-Override",
        b"X-Remote-User",
        b"Remote_User",
        b"X-Auth-Request-Email",
        b"SSL-Client-Verify",
        b"Via",
        b"Mcp-Session-Id",
        b"Last-Event-ID",
        b"Moorage-Principal",
        b"moorage_principal",
        b"MOORAGE-ANYTHING",
    ],
)
def test_what_is_the_gateways_own_business_ends_here(name: bytes) -> None:
    for spelling in (name, name.lower(), name.upper()):
        assert read_head([(spelling, b"1"), (b"x-kept", b"2")]).forward == b"x-kept: 2\r\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"User-Agent", b"a/1"),
        (b"Mcp-Param-Region", b"=?base64?WsO8cmljaA==?="),
        (b"mcp-param-x_y", b"1"),
        (b"Traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        (b"X-Session-ID", b"user 7"),
        (b"x_custom", b"1"),
        (b"X-Empty", b""),
        (b"X-Opaque", b"Zo\xc3\xab \xe9"),
        (b"X-Tab", b"a\tb"),
        (b"Accept-Language", b"de"),
        (b"Mcp-Future", b"1"),
        (b"!#$%&'*+.^`|~", b"1"),
    ],
)
def test_everything_else_is_forwarded_unchanged(name: bytes, value: bytes) -> None:
    assert read_head([(name, value)]).forward == name.lower() + b": " + value + b"\r\n"


def test_repeated_headers_that_are_lists_stay_lists() -> None:
    head = read_head([(b"Accept", b"a/b"), (b"X-A", b"1"), (b"accept", b"c/d"), (b"x-a", b"2")])
    assert head.accept == b"a/b, c/d"
    assert head.forward == b"accept: a/b\r\nx-a: 1\r\naccept: c/d\r\nx-a: 2\r\n"


def test_different_parameters_are_not_duplicates() -> None:
    head = read_head([(b"Mcp-Param-A", b"1"), (b"Mcp-Param-B", b"2"), (b"Mcp-Param-C", b"3")])
    assert head.forward == b"mcp-param-a: 1\r\nmcp-param-b: 2\r\nmcp-param-c: 3\r\n"


def test_a_parameters_name_may_hold_an_underscore_but_no_twin() -> None:
    parameters = [(b"Mcp-Param-user_id", b"1"), (b"Mcp-Param-tenant", b"2")]
    assert read_head(parameters).forward == b"mcp-param-user_id: 1\r\nmcp-param-tenant: 2\r\n"
    with pytest.raises(HeadRefusal) as refusal:
        read_head([*parameters, (b"mcp-param-user-id", b"3")])
    assert refusal.value.reason == "DuplicateHeader"


def test_what_connection_names_ends_here() -> None:
    head = read_head(
        [
            (b"X-Hop", b"1"),
            (b"Connection", b"close, X-Hop"),
            (b"X-End", b"2"),
            (b"connection", b"x-other"),
            (b"X-OTHER", b"3"),
        ]
    )
    assert head.forward == b"x-end: 2\r\n"


def test_an_offer_of_http2_is_ignored() -> None:
    head = read_head(
        [
            (b"Connection", b"Upgrade, HTTP2-Settings"),
            (b"Content-Length", b"2"),
            (b"Host", b"gateway"),
            (b"HTTP2-Settings", b"AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA"),
            (b"Upgrade", b"h2c"),
            (b"User-Agent", b"Java-http-client/21"),
        ]
    )
    assert head.forward == b"user-agent: Java-http-client/21\r\n"
    assert head.offers_upgrade
    assert not read_head([(b"Connection", b"keep-alive")]).offers_upgrade


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (b"echo", "echo"),
        (b"", ""),
        (b"=?base64?ZWNobw==?=", "echo"),
        (b"=?base64?WsO8cmljaA==?=", "Zürich"),
        (b"=?base64?IHggCg==?=", " x \n"),
        (b"=?base64?PT9iYXNlNjQ/eD89?=", "=?base64?x?="),
        (b"=?base64??=", ""),
        (b"=?BASE64?ZWNobw==?=", "=?BASE64?ZWNobw==?="),
        (b"=?base64?ZWNobw==", "=?base64?ZWNobw=="),
        (b"x=?base64?ZWNobw==?=", "x=?base64?ZWNobw==?="),
    ],
)
def test_a_name_may_be_encoded(value: bytes, name: str) -> None:
    head = read_head([(b"Mcp-Name", value)])
    assert head.mcp_name == name
    assert head.forward == b"mcp-name: " + value + b"\r\n"


@pytest.mark.parametrize(
    "encoded",
    [
        b"ZWNobw",
        b"ZWNobw=",
        b"ZWNobx==",
        b"ZWNo bw==",
        b"ZWNv-w==",
        b"/w==",
        b"ZWNobw===",
        b"w",
        b"?",
    ],
)
def test_an_encoded_name_has_one_form(encoded: bytes) -> None:
    with pytest.raises(HeadRefusal) as refusal:
        read_head([(b"Mcp-Name", b"=?base64?" + encoded + b"?=")])
    assert (refusal.value.reason, refusal.value.header) == ("BadEncodedName", "mcp-name")


NAMES = st.sampled_from(
    (b"Host", b"Accept", b"X-A", b"x_b", b"Mcp-Name", b"mcp_name", b"Mcp-Param-A", b"Connection")
) | st.binary(max_size=6)
VALUES = st.binary(max_size=12) | st.sampled_from((b"close", b"x-a", b"chunked", b"1"))


@settings(deadline=None, max_examples=400)
@given(st.lists(st.tuples(NAMES, VALUES), max_size=6))
def test_a_head_is_refused_by_name_or_its_lines_are_whole(headers: Headers) -> None:
    try:
        head = read_head(headers)
    except HeadRefusal:
        return
    lines = head.forward.split(b"\r\n")
    assert lines.pop() == b""
    sent = {(name.lower(), value) for name, value in headers}
    for line in lines:
        name, colon, value = line.partition(b": ")
        assert colon
        assert (name, value) in sent
    assert head.header_bytes == sum(len(name) + len(value) + 4 for name, value in headers)


def test_whom_it_has_passed_through_is_read_and_goes_on() -> None:
    head = read_head(
        ((b"Host", b"localhost"), (b"CDN-Loop", b"one; loops=1"), (b"cdn-loop", b"two, three"))
    )
    assert head.cdn_loop == b"one; loops=1, two, three"
    assert head.forward == b"cdn-loop: one; loops=1\r\ncdn-loop: two, three\r\n"
    assert read_head(((b"Host", b"localhost"),)).cdn_loop is None

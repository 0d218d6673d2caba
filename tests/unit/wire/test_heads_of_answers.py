"""What of an endpoint's answer head is read, dropped, or reaches the client."""

import pytest

from moorage_wire.heads import HeadRefusal, read_answer_head

Headers = list[tuple[bytes, bytes]]


def test_a_streams_head_is_read_and_forwarded() -> None:
    head = read_answer_head(
        [
            (b"date", b"Tue, 24 Nov 2026 07:00:00 GMT"),
            (b"server", b"uvicorn"),
            (b"Cache-Control", b"no-cache, no-transform"),
            (b"connection", b"keep-alive"),
            (b"content-type", b"text/event-stream"),
            (b"mcp-session-id", b"1868a90c"),
            (b"X-Accel-Buffering", b"no"),
            (b"Transfer-Encoding", b"chunked"),
        ]
    )
    assert head.content_type == b"text/event-stream"
    assert head.session_id == "1868a90c"
    assert head.is_event_stream
    assert head.forward == (
        b"cache-control: no-cache, no-transform\r\n"
        b"content-type: text/event-stream\r\n"
        b"x-accel-buffering: no\r\n"
    )


@pytest.mark.parametrize(
    ("content_type", "is_event_stream"),
    [
        (b"text/event-stream", True),
        (b"text/event-stream; charset=utf-8", True),
        (b"Text/Event-Stream ;x", True),
        (b"text/event-streams", False),
        (b"application/json", False),
        (b"application/json; x=text/event-stream", False),
        (b"", False),
    ],
)
def test_event_streams_are_told_by_their_media_type(
    content_type: bytes, is_event_stream: bool
) -> None:
    head = read_answer_head([(b"Content-Type", content_type)])
    assert (head.content_type, head.is_event_stream) == (content_type, is_event_stream)


def test_an_answer_without_headers_is_no_stream() -> None:
    head = read_answer_head([])
    assert (head.content_type, head.session_id, head.forward) == (None, None, b"")
    assert not head.is_event_stream


@pytest.mark.parametrize(
    "name",
    [
        b"Connection",
        b"Keep-Alive",
        b"Content-Length",
        b"Proxy-Authenticate",
        b"TE",
        b"Trailer",
        b"Upgrade",
        b"Date",
        b"Server",
        b"Via",
        b"Set-Cookie",
        b"Access-Control-Allow-Origin",
        b"access-control-allow-credentials",
        b"Mcp-Session-Id",
        b"Moorage-Principal",
        b"Alt-Svc",
        b"Clear-Site-Data",
        b"X-Accel-Redirect",
        b"X-Sendfile",
    ],
)
def test_what_speaks_for_the_gateway_ends_here(name: bytes) -> None:
    for spelling in (name, name.lower(), name.upper()):
        assert read_answer_head([(spelling, b"1"), (b"X-Kept", b"2")]).forward == b"x-kept: 2\r\n"


def test_repeated_lists_pass_and_what_connection_names_does_not() -> None:
    head = read_answer_head(
        [
            (b"Vary", b"accept"),
            (b"Connection", b"close, X-Hop"),
            (b"Vary", b"origin"),
            (b"X-Hop", b"1"),
            (b"WWW-Authenticate", b'Bearer realm="x"'),
            (b"X-Opaque", b"Zo\xc3\xab"),
        ]
    )
    assert head.forward == (
        b"vary: accept\r\nvary: origin\r\n"
        b'www-authenticate: Bearer realm="x"\r\nx-opaque: Zo\xc3\xab\r\n'
    )


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ([(b"X-A", b"a\x00")], "BadHeaderValue"),
        ([(b"X-A", b"a\r\nSet-Cookie: b")], "ObsoleteFolding"),
        ([(b"X A", b"a")], "BadHeaderName"),
        ([(b"Content-Type", b"a/b"), (b"content-type", b"a/b")], "DuplicateHeader"),
        ([(b"Mcp-Session-Id", b"a"), (b"mcp-session-id", b"b")], "DuplicateHeader"),
        ([(b"Content-Length", b"1"), (b"Content-Length", b"1")], "DuplicateHeader"),
        ([(b"Content-Length", b"1"), (b"Transfer-Encoding", b"chunked")], "SmuggledLength"),
        ([(b"Content-Length", b"-1")], "SmuggledLength"),
        ([(b"Transfer-Encoding", b"gzip, chunked")], "TransferEncodingNotAllowed"),
        ([(b"Content-Encoding", b"gzip")], "ContentEncodingNotSupported"),
        ([(b"Mcp-Session-Id", b"")], "BadHeaderValue"),
        ([(b"Mcp-Session-Id", b"a b")], "BadHeaderValue"),
        ([(b"Mcp-Session-Id", b"caf\xc3\xa9")], "BadHeaderValue"),
        ([(b"Connection", b"mcp-session-id")], "ConnectionNamesEndToEnd"),
        ([(b"X-A", b"a" * 65_536)], "HeaderTooLarge"),
        ([(b"X-%d" % number, b"") for number in range(129)], "TooManyHeaders"),
    ],
)
def test_what_is_ambiguous_is_refused(headers: Headers, reason: str) -> None:
    with pytest.raises(HeadRefusal) as refusal:
        read_answer_head(headers)
    assert refusal.value.reason == reason

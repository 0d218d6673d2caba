"""Request heads that two servers could read differently are refused by name, before any use."""

import pytest

from moorage_wire.heads import HEAD_REASON_STATUSES, HeadRefusal, read_head

Headers = list[tuple[bytes, bytes]]
USUAL: Headers = [
    (b"Host", b"gateway:8080"),
    (b"Content-Type", b"application/json"),
    (b"Content-Length", b"180"),
]


def refusal_of(headers: Headers, max_header_bytes: int = 16_384) -> HeadRefusal:
    with pytest.raises(HeadRefusal) as refusal:
        read_head(tuple(headers), max_header_bytes=max_header_bytes)
    return refusal.value


@pytest.mark.parametrize(
    "name",
    [
        "host",
        "origin",
        "content-type",
        "content-length",
        "transfer-encoding",
        "authorization",
        "mcp-session-id",
        "mcp-protocol-version",
        "mcp-method",
        "mcp-name",
        "mcp-param-region",
        "last-event-id",
        "content-encoding",
        "expect",
        "upgrade",
    ],
)
@pytest.mark.parametrize("values", [(b"1", b"1"), (b"1", b"2"), (b"", b"")])
def test_a_header_with_one_value_comes_once(name: str, values: tuple[bytes, bytes]) -> None:
    spellings = (name.encode(), name.title().encode(), name.upper().encode())
    for second in spellings:
        refusal = refusal_of([(spellings[0], values[0]), (b"X-A", b"b"), (second, values[1])])
        assert (refusal.reason, refusal.status) == ("DuplicateHeader", 400)
        assert refusal.header == name


@pytest.mark.parametrize(
    ("headers", "reason", "status"),
    [
        ([(b"Transfer-Encoding", b"chunked")], "SmuggledLength", 400),
        ([(b"transfer-encoding", b"identity")], "SmuggledLength", 400),
        ([(b"Expect", b"200-ok")], "ExpectationFailed", 417),
        ([(b"Expect", b"")], "ExpectationFailed", 417),
        ([(b"Expect", b"100-continue, x")], "ExpectationFailed", 417),
        ([(b"Content-Encoding", b"gzip")], "ContentEncodingNotSupported", 415),
        ([(b"Content-Encoding", b"identity, br")], "ContentEncodingNotSupported", 415),
        ([(b"Upgrade", b"websocket")], "UpgradeNotSupported", 400),
        ([(b"Upgrade", b"h2c, websocket")], "UpgradeNotSupported", 400),
        ([(b"mcp_session_id", b"x")], "LookalikeHeader", 400),
        ([(b"MCP_Session-Id", b"x")], "LookalikeHeader", 400),
        ([(b"mcp.method", b"x")], "LookalikeHeader", 400),
        ([(b"Content_Length", b"5")], "LookalikeHeader", 400),
        ([(b"transfer_encoding", b"chunked")], "LookalikeHeader", 400),
        ([(b"mcp_param_region", b"x")], "LookalikeHeader", 400),
        ([(b"last_event_id", b"x")], "LookalikeHeader", 400),
        ([(b"X-A", b"a\x00b")], "BadHeaderValue", 400),
        ([(b"X-A", b"a\x0bb")], "BadHeaderValue", 400),
        ([(b"X-A", b"a\x7fb")], "BadHeaderValue", 400),
        ([(b"Cookie", b"a\x1b[31mb")], "BadHeaderValue", 400),
        ([(b"X-A", b"a\r\nX-B: b")], "ObsoleteFolding", 400),
        ([(b"X-A", b"a\nb")], "ObsoleteFolding", 400),
        ([(b"X-A", b"a\rb")], "ObsoleteFolding", 400),
        ([(b" b", b"")], "ObsoleteFolding", 400),
        ([(b"X A", b"b")], "BadHeaderName", 400),
        ([(b"X-A ", b"b")], "BadHeaderName", 400),
        ([(b"Host\t", b"b")], "BadHeaderName", 400),
        ([(b"", b"b")], "BadHeaderName", 400),
        ([(b"X-\xc3\xa9", b"b")], "BadHeaderName", 400),
        ([(b"X:A", b"b")], "BadHeaderName", 400),
        ([(b"X\x00A", b"b")], "BadHeaderName", 400),
        ([(b"X\r\nA", b"b")], "BadHeaderName", 400),
        ([(b"Mcp-Session-Id", b"")], "BadHeaderValue", 400),
        ([(b"Mcp-Session-Id", b"a b")], "BadHeaderValue", 400),
        ([(b"Mcp-Session-Id", b"a\tb")], "BadHeaderValue", 400),
        ([(b"Mcp-Session-Id", b"caf\xc3\xa9")], "BadHeaderValue", 400),
        ([(b"MCP-Protocol-Version", b"2025-11-25 ")], "BadHeaderValue", 400),
        ([(b"Mcp-Method", b"tools/call x")], "BadHeaderValue", 400),
        ([(b"Mcp-Name", b"caf\xc3\xa9")], "BadHeaderValue", 400),
        ([(b"Origin", b"http://caf\xe9")], "BadHeaderValue", 400),
        ([(b"Authorization", b"Bearer \xff")], "BadHeaderValue", 400),
        ([(b"Accept", b"\xa0*/*")], "BadHeaderValue", 400),
        ([(b"Last-Event-ID", b"\x80")], "BadHeaderValue", 400),
    ],
)
def test_what_is_ambiguous_is_refused(headers: Headers, reason: str, status: int) -> None:
    for order in (USUAL + headers, headers + USUAL):
        refusal = refusal_of(order)
        assert (refusal.reason, refusal.status) == (reason, status)


@pytest.mark.parametrize(
    "value",
    [
        b"+5",
        b"-1",
        b"0x5",
        b"5,5",
        b"5, 5",
        b" 5",
        b"5 ",
        b"",
        b"5_0",
        b"\xb25",
        b"1" * 16,
        b"five",
    ],
)
def test_a_length_is_digits(value: bytes) -> None:
    refusal = refusal_of([(b"Content-Length", value)])
    assert (refusal.reason, refusal.header) == ("SmuggledLength", "content-length")


@pytest.mark.parametrize(
    "value",
    [
        b"identity",
        b"gzip",
        b"gzip, chunked",
        b"chunked, gzip",
        b"chunked, chunked",
        b"xchunked",
        b" chunked",
        b"chunked;x=1",
        b"",
    ],
)
def test_the_only_transfer_encoding_is_chunked(value: bytes) -> None:
    refusal = refusal_of([(b"Transfer-Encoding", value)])
    assert (refusal.reason, refusal.status) == ("TransferEncodingNotAllowed", 400)
    assert read_head([(b"Transfer-Encoding", b"Chunked")]).forward == b""


@pytest.mark.parametrize(
    "named",
    [
        b"Mcp-Session-Id",
        b"mcp-protocol-version",
        b"CDN-Loop",
        b"MCP-METHOD",
        b"mcp-param-region",
        b"Authorization",
        b"content-type",
        b"Content-Length",
        b"Host",
        b"origin",
        b"Last-Event-ID",
        b"accept",
    ],
)
@pytest.mark.parametrize("form", [b"%b", b"close, %b", b"%b ,keep-alive", b"keep-alive,\t%b"])
def test_connection_cannot_take_away_what_we_rely_on(named: bytes, form: bytes) -> None:
    refusal = refusal_of([*USUAL, (b"Connection", form % named)])
    assert (refusal.reason, refusal.header) == ("ConnectionNamesEndToEnd", "connection")
    refusal = refusal_of([*USUAL, (b"Connection", b"keep-alive"), (b"connection", form % named)])
    assert refusal.reason == "ConnectionNamesEndToEnd"


def test_all_headers_together_have_a_bound() -> None:
    headers = [(b"x-a", b"v" * 93), (b"cookie", b"c" * 90)]
    assert read_head(headers, max_header_bytes=200).header_bytes == 200
    refusal = refusal_of(headers, max_header_bytes=199)
    assert (refusal.reason, refusal.status) == ("HeaderTooLarge", 431)
    assert "199" in refusal.message
    assert refusal_of([(b"cookie", b"c" * 16_384)]).reason == "HeaderTooLarge"


def test_the_number_of_headers_has_a_bound() -> None:
    headers = [(b"x-%d" % number, b"") for number in range(129)]
    assert read_head(headers[:128]).header_bytes > 0
    refusal = refusal_of(headers)
    assert (refusal.reason, refusal.status) == ("TooManyHeaders", 431)


def test_a_headers_name_has_a_bound() -> None:
    assert read_head([(b"x" * 128, b"")]).forward == b"x" * 128 + b": \r\n"
    assert refusal_of([(b"x" * 129, b"")]).reason == "HeaderTooLarge"


SECRET = b"s3cret"


@pytest.mark.parametrize(
    "headers",
    [
        [(b"Mcp-Session-Id", SECRET + b" x")],
        [(b"Authorization", SECRET), (b"Authorization", SECRET)],
        [(b"X-A", SECRET + b"\x00")],
        [(b"X-A", SECRET + b"\n")],
        [(b"Content-Length", SECRET)],
        [(b"Transfer-Encoding", SECRET)],
        [(b"Expect", SECRET)],
        [(b"Upgrade", SECRET)],
        [(b"Content-Encoding", SECRET)],
        [(b"Mcp-Name", b"=?base64?" + SECRET + b"?=")],
        [(b"Connection", b"mcp-name, " + SECRET)],
        [(SECRET + b" ", b"x")],
    ],
)
def test_a_refusal_never_shows_a_value(headers: Headers) -> None:
    refusal = refusal_of(headers)
    assert SECRET.decode() not in f"{refusal} {refusal.message} {refusal.header} {refusal!r}"
    assert refusal.status == HEAD_REASON_STATUSES[refusal.reason]

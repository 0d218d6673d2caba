"""What a request must be: each fault is refused by name, and none of it reaches an endpoint."""

import asyncio

import pytest

from fakes.raw_http import call, initialize, modern, post, request
from integration.gateway.refusing import CALL, JSON, refused, serving

MIB = 1024 * 1024
HEAD_BYTES = 16 * 1024


# Heads


def of_version(version: str) -> bytes:
    return request("POST", JSON, body=CALL, version=version)


HEADS: dict[str, tuple[bytes, int, str]] = {
    "a bogus expectation": (post(CALL, "Expect: 200-maybe"), 417, "ExpectationFailed"),
    "a compressed body": (
        post(CALL, "Content-Encoding: gzip"),
        415,
        "ContentEncodingNotSupported",
    ),
    "no content type": (request("POST", body=CALL), 415, "UnsupportedContentType"),
    "text": (request("POST", "Content-Type: text/plain", body=CALL), 415, "UnsupportedContentType"),
    "a form": (
        request("POST", "Content-Type: application/x-www-form-urlencoded", body=CALL),
        415,
        "UnsupportedContentType",
    ),
    "nearly JSON": (
        request("POST", "Content-Type: application/json5", body=CALL),
        415,
        "UnsupportedContentType",
    ),
    "two content types": (post(CALL, "Content-Type: text/plain"), 400, "DuplicateHeader"),
    "two session ids": (
        post(CALL, "Mcp-Session-Id: a", "mcp-session-id: b"),
        400,
        "DuplicateHeader",
    ),
    "a lookalike session id": (post(CALL, "mcp_session_id: a"), 400, "LookalikeHeader"),
    "a session id that Connection takes away": (
        post(CALL, "Mcp-Session-Id: a", "Connection: Mcp-Session-Id"),
        400,
        "ConnectionNamesEndToEnd",
    ),
    "a session id with a blank": (post(CALL, "Mcp-Session-Id: a b"), 400, "BadHeaderValue"),
    "a session id beyond ASCII": (post(CALL, "Mcp-Session-Id: \xfc"), 400, "BadHeaderValue"),
    "a folded header": (post(CALL, "X-A: 1\r\n 2"), 400, "MalformedHead"),
    "a control character": (post(CALL, "X-A: a\x07b"), 400, "MalformedHead"),
    "another protocol": (
        post(CALL, "Connection: Upgrade", "Upgrade: websocket"),
        400,
        "UpgradeNotSupported",
    ),
    "HTTP/2 in clear": (of_version("HTTP/2.0"), 505, "HttpVersionNotSupported"),
    "HTTP/0.9": (of_version("HTTP/0.9"), 505, "HttpVersionNotSupported"),
    "no HTTP": (b"hello\r\n\r\n", 400, "MalformedHead"),
    "a TLS greeting": (bytes.fromhex("160301020001000001fc0303"), 400, "MalformedHead"),
    "a head over its bound": (
        post(CALL, "X-A: " + "a" * (HEAD_BYTES + 1)),
        431,
        "HeaderTooLarge",
    ),
    "many headers over the bound": (
        post(CALL, *(f"X-{n}: {'a' * 200}" for n in range(100))),
        431,
        "HeaderTooLarge",
    ),
    "too many headers": (post(CALL, *(f"X-{n}: 1" for n in range(200))), 431, "TooManyHeaders"),
    "an unfinished head over its bound": (
        b"POST /mcp HTTP/1.1\r\nX-A: " + b"a" * (HEAD_BYTES + 1),
        431,
        "HeaderTooLarge",
    ),
    "an unfinished target over the bound": (b"POST /" + b"a" * 17_000, 431, "HeaderTooLarge"),
}  # fmt: skip


@pytest.mark.parametrize("name", HEADS)
async def test_a_head_at_fault_is_refused_by_name(name: str) -> None:
    octets, status, reason = HEADS[name]
    await refused(octets, status, reason)


# Bodies


HEAD = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\n"
OFFER = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
BODIES: dict[str, tuple[bytes, int, str]] = {
    "declared over the bound": (
        HEAD + b"Content-Length: 4194305\r\n\r\n{",
        413,
        "BodyTooLarge",
    ),
    "declared beyond all measure": (
        HEAD + b"Content-Length: 999999999999999\r\n\r\n",
        413,
        "BodyTooLarge",
    ),
    "chunks over the bound": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
        + b"100000\r\n%b\r\n" % (b"a" * MIB) * 5,
        413,
        "BodyTooLarge",
    ),
    "one endless chunk": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
        b"fffffff\r\n" + b"a" * (5 * MIB),
        413,
        "BodyTooLarge",
    ),
    "an endless chunk extension": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
        b"1;" + b"a" * (10 * MIB),
        413,
        "BodyTooLarge",
    ),
    "chunks behind an offer of another protocol": (
        HEAD + b"Transfer-Encoding: chunked\r\n" + OFFER + b"\r\n",
        400,
        "UpgradeNotSupported",
    ),
    "a length over the bound behind an offer": (
        HEAD + b"Content-Length: 4194305\r\n" + OFFER + b"\r\n",
        413,
        "BodyTooLarge",
    ),
    "no JSON": (post(b"hello"), 400, "NotJson"),
    "nothing": (post(b""), 400, "NotJson"),
    "no UTF-8": (post(b'{"jsonrpc":"2.0","id":1,"method":"\xff"}'), 400, "NotUtf8"),
    "an id twice": (post(b'{"jsonrpc":"2.0","id":1,"id":2,"method":"a"}'), 400, "DuplicateMember"),
    "a twin": (post(b'{"jsonrpc":"2.0","id":1,"Method":"a","method":"b"}'), 400, "CaseTwin"),
    "deep brackets": (post(b"[" * 100_000), 400, "TooDeep"),
    "a huge number": (post(b'{"jsonrpc":"2.0","method":"a","id":1e999}'), 400, "NumberOutOfRange"),
    "a batch where there are none": (
        post(b"[%b]" % CALL, "MCP-Protocol-Version: 2025-11-25"),
        400,
        "BatchNotAllowed",
    ),
    "initialize in a batch": (post([initialize()]), 400, "InitializeInBatch"),
    "a method that the header does not name": (
        modern("tools/call", 1, name="a").replace(b"Mcp-Method: tools/call", b"Mcp-Method: ping"),
        400,
        "HeaderMismatch",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
async def test_a_body_at_fault_is_refused_by_name(name: str) -> None:
    octets, status, reason = BODIES[name]
    await refused(octets, status, reason)


@pytest.mark.parametrize("size", [4 * MIB - 200, 4 * MIB])
async def test_a_body_up_to_its_bound_passes(size: int) -> None:
    async with serving() as (_, upstream, caller):
        empty = caller.post(call(1, text=""))
        length = len(empty.partition(b"\r\n\r\n")[2])
        await caller.client.send(caller.post(call(1, text="a" * (size - length))))
        assert (await caller.client.answer()).status == 200
        assert max(len(r.body) for r in upstream.server.requests) > 4 * MIB - 300


async def test_leave_is_given_for_a_body_that_will_be_taken() -> None:
    async with serving() as (_, _, caller):
        head, _, body = caller.post(call(1), "Expect: 100-continue").partition(b"\r\n\r\n")
        await caller.client.send(head + b"\r\n\r\n")
        assert (await caller.client.answer()).status == 100
        await caller.client.drip(body, piece=20)
        assert (await caller.client.answer()).message["id"] == 1


async def test_no_leave_is_given_for_a_body_that_will_not_be_taken() -> None:
    head = request("POST", JSON, "Expect: 100-continue", "Content-Length: 5000000")
    await refused(head, 413, "BodyTooLarge")


async def test_no_leave_is_given_to_http_1_0() -> None:
    async with serving() as (_, _, caller):
        octets = caller.post(call(1), "Expect: 100-continue").replace(b"HTTP/1.1", b"HTTP/1.0")
        head, _, body = octets.partition(b"\r\n\r\n")
        await caller.client.send(head + b"\r\n\r\n")
        await asyncio.sleep(0.05)
        await caller.client.send(body)
        assert (await caller.client.answer()).status == 200


# Targets and methods


TARGETS: dict[str, tuple[int, str]] = {
    "/": (404, "RouteNotFound"),
    "/mcp/": (404, "RouteNotFound"),
    "/MCP": (404, "RouteNotFound"),
    "/mcp/other": (404, "RouteNotFound"),
    "/%6dcp": (404, "RouteNotFound"),
    "/mcp;a=b": (404, "RouteNotFound"),
    "/metrics": (404, "RouteNotFound"),
    "/healthz": (404, "RouteNotFound"),
    "/mcp%2f": (400, "BadTarget"),
    "/mcp%00": (400, "BadTarget"),
    "/mcp%5c": (400, "BadTarget"),
    "/%2e%2e/mcp": (400, "BadTarget"),
    "/a/../mcp": (400, "BadTarget"),
    "/./mcp": (400, "BadTarget"),
    "//mcp": (400, "BadTarget"),
    "//other.example/mcp": (400, "BadTarget"),
    "/mcp#x": (400, "BadTarget"),
    "/mcp%": (400, "BadTarget"),
    "*": (400, "BadTarget"),
    "http://127.0.0.1/mcp": (400, "BadTarget"),
    "http://evil.example/mcp": (400, "BadTarget"),
    "http://evil.example:80@127.0.0.1/mcp": (400, "BadTarget"),
    "/" + "a" * 3000: (414, "TargetTooLong"),
}


@pytest.mark.parametrize("target", TARGETS)
async def test_a_target_that_is_no_plain_route_is_refused(target: str) -> None:
    await refused(post(call(1), path=target), *TARGETS[target])


async def test_a_query_changes_nothing_and_goes_nowhere() -> None:
    async with serving() as (_, upstream, caller):
        caller.path = "/mcp?upstream=http://evil.example"
        assert (await caller.ask(call(1))).status == 200
        assert {r.target for r in upstream.server.requests} == {"/mcp"}


@pytest.mark.parametrize(
    ("octets", "allowed"),
    [
        (request("PUT", body=b"{}"), "GET, POST, DELETE"),
        (request("PATCH", body=b"{}"), "GET, POST, DELETE"),
        (request("OPTIONS"), "GET, POST, DELETE"),
        (request("TRACE"), "GET, POST, DELETE"),
        (request("QUERY"), "GET, POST, DELETE"),
        (request("GET", "MCP-Protocol-Version: 2026-07-28"), "POST"),
        (request("DELETE", "MCP-Protocol-Version: 2026-07-28"), "POST"),
    ],
)
async def test_a_method_without_meaning_is_refused_with_those_that_have_one(
    octets: bytes, allowed: str
) -> None:
    answer = await refused(octets, 405, "MethodNotAllowed")
    assert answer.header("allow") == allowed


async def test_connect_is_no_way_through() -> None:
    await refused(b"CONNECT evil.example:443 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400, "BadTarget")

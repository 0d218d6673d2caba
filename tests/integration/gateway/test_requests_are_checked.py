"""What a request must be: each fault is refused by name, and none of it reaches an endpoint."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fakes.honest_endpoint import HonestUpstream, honest_upstreams, result
from fakes.honest_session import Session, session, untouched
from fakes.in_process_gateway import gateway, refusals, table_of, urls_of
from fakes.raw_http import Answer, call, connected, initialize, modern, post, request
from fakes.scripted_upstream import Peer, Received
from moorage_contract.route_table import RouteTable
from moorage_gateway.process import Gateway

JSON = "Content-Type: application/json"
CALL = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"count"}}'
MIB = 1024 * 1024
HEAD_BYTES = 16 * 1024


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[Gateway, HonestUpstream, Session]]:
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream]))) as made,
        session(made.port) as caller,
        untouched(made.port),
    ):
        yield made, upstream, caller


async def refused(octets: bytes, status: int, reason: str) -> Answer:
    """Send it and expect that refusal; the endpoint sees nothing of it."""
    async with serving() as (made, upstream, _), connected(made.port) as client:
        await client.send(octets)
        answer = await client.answer()
        assert (answer.status, answer.reason) == (status, reason)
        assert answer.header("content-type") == "application/json"
        assert answer.error["data"]["remedy"] or answer.error["message"]
        assert await refusals(made) == {reason: 1}
        assert [r for r in upstream.server.requests if b"count" not in r.body] == [
            r for r in upstream.server.requests if b"initialize" in r.body
        ]
        return answer


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


# Host and Origin (threat P9)


HOSTS = [
    None,
    "",
    "evil.example",
    "evil.example:80",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "evil.example#localhost",
    "evil.example/localhost",
    "localhost@evil.example",
    "evil.example@localhost",
    "localhost:80:80",
    "localhost:port",
    "2130706433",
    "0x7f.1",
    "127.1",
    "[::ffff:127.0.0.1]",
    "[::1",
    "::1",
    "0.0.0.0",
    "local\thost",
    "localhost, evil.example",
    "localhost\\",
]


@pytest.mark.parametrize("host", HOSTS)
async def test_a_foreign_host_is_misdirected(host: str | None) -> None:
    await refused(request("POST", JSON, host=host, body=CALL), 421, "HostNotAllowed")


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]", "[::1]:99", "localhost."],
)
async def test_loopback_names_are_served(host: str) -> None:
    async with serving() as (made, _, _), connected(made.port) as client:
        await client.send(request("PUT", host=host, body=b""))
        assert (await client.answer()).status == 405


ORIGINS = [
    "null",
    "",
    "https://evil.example",
    "http://evil.example:8080",
    "http://localhost.evil.example",
    "http://evil.example/localhost",
    "http://localhost@evil.example",
    "http://evil.example#@localhost",
    "https://127.0.0.1.nip.example",
    "file://localhost",
    "localhost",
    "//localhost",
    "ftp://localhost",
    "http://localhost/",
    "http://localhost http://evil.example",
    "http://2130706433",
    "chrome-extension://localhost",
]


@pytest.mark.parametrize("origin", ORIGINS)
async def test_a_page_of_a_foreign_origin_is_forbidden(origin: str) -> None:
    answer = await refused(post(CALL, f"Origin: {origin}"), 403, "OriginNotAllowed")
    assert answer.header("access-control-allow-origin") is None


@pytest.mark.parametrize("origin", ["http://localhost:3000", "https://127.0.0.1", "http://[::1]:1"])
async def test_pages_of_loopback_are_served(origin: str) -> None:
    async with serving() as (_, _, caller):
        assert (await caller.ask(call(1), f"Origin: {origin}")).status == 200


async def test_with_hostnames_of_its_own_a_gateway_serves_no_other_name() -> None:
    async with honest_upstreams() as (upstream,):
        table = table_of(urls_of([upstream]))
        named = RouteTable(
            gateway=table.gateway,
            hostnames=("mcp.example.com",),
            routes=table.routes,
            groups=table.groups,
        )
        async with gateway(named) as made, connected(made.port) as client:
            for host, status in (
                ("mcp.example.com", 405),
                ("MCP.example.com:443", 405),
                ("localhost", 421),
                ("127.0.0.1", 421),
                ("other.example.com", 421),
            ):
                await client.send(request("PUT", host=host, body=b""))
                assert (await client.answer()).status == status, host


# Who the endpoint is told that asks (threat P10)


async def test_no_client_chooses_who_answers_it_or_who_it_is_taken_for() -> None:
    lines = [
        "mcp-init-host: evil.example",
        "X-Forwarded-Host: evil.example",
        "X-Forwarded-For: 10.0.0.1",
        "Forwarded: host=evil.example",
        "X-Original-URL: /admin",
        "X-Rewrite-URL: /admin",
        "X-HTTP-Method-Override: DELETE",
        "X-Real-IP: 10.0.0.1",
        "Moorage-Principal: root",
        "Proxy-Authorization: Basic x",
        "Authorization: Bearer secret",
        "Cookie: a=b",
        "TE: trailers",
        "Accept-Encoding: gzip",
    ]
    async with serving() as (_, upstream, caller):
        assert (await caller.ask(call("marked"), *lines)).status == 200
        (seen,) = [r for r in upstream.server.requests if b'"marked"' in r.body]
        assert seen.headers["host"] == f"127.0.0.1:{upstream.server.port}"
        assert seen.target == "/mcp"
        # This one says nothing to anybody but the servers that it was made for.
        assert set(seen.headers) & {n.partition(":")[0].lower() for n in lines} == {"mcp-init-host"}


# Connections


async def test_a_kept_connection_serves_on_and_a_closed_one_ends() -> None:
    async with serving() as (made, _, caller):
        for number in (1, 2, 3):
            caller.calls = number - 1
            await caller.count()
        await caller.client.send(caller.post(call(4), "Connection: close"))
        answer = await caller.client.answer()
        assert (answer.status, answer.header("connection")) == (200, "close")
        await caller.client.closed()
        assert await refusals(made) == {}


async def test_http_1_0_gets_one_answer_and_the_end() -> None:
    async with serving() as (_, _, caller):
        octets = caller.post(call(1), "Connection: keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0")
        await caller.client.send(octets)
        answer = await caller.client.answer()
        assert (answer.status, answer.header("connection")) == (200, "close")
        assert answer.header("transfer-encoding") is None
        await caller.client.closed()


async def test_http_1_0_gets_an_event_stream_as_it_is() -> None:
    async def streams(request: Received, peer: Peer) -> None:
        await peer.stream()
        await peer.event({"jsonrpc": "2.0", "method": "m"})
        await asyncio.sleep(0.02)
        await peer.event(result(request, {}))
        await peer.chunk(b"")

    async with serving() as (_, upstream, caller):
        upstream.endpoint.on["streams"] = streams
        octets = caller.post(call(1, "streams")).replace(b"HTTP/1.1", b"HTTP/1.0")
        await caller.client.send(octets)
        answer = await caller.client.answer()
        assert answer.header("transfer-encoding") is None
        assert answer.body.count(b"event: message\ndata: ") == 2 and answer.body.endswith(b"\n\n")


async def test_an_offer_of_http2_in_clear_is_answered_as_plain_http() -> None:
    offer = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"]
    async with serving() as (made, upstream, caller):
        octets = caller.post(call("offer"), *offer)
        for piece in (len(octets), 7):
            async with connected(made.port) as client:
                # What would follow is of no protocol that we know, and is never read.
                await client.drip(octets + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", piece=piece)
                answer = await client.answer()
                assert (answer.status, answer.header("connection")) == (200, "close")
                await client.closed()
        seen = [r for r in upstream.server.requests if b'"offer"' in r.body]
        assert len(seen) == 2
        for each in seen:
            assert not {"upgrade", "http2-settings", "connection"} & set(each.headers)
        assert await refusals(made) == {}


async def test_a_refusal_keeps_the_connection_where_the_request_was_whole() -> None:
    async with serving() as (made, _, caller):
        for octets in (
            post(call(1), path="/nowhere"),
            request("PUT", body=b"{}"),
            caller.post(b"hello"),
        ):
            await caller.client.send(octets)
            assert (await caller.client.answer()).status >= 400
        await caller.count()
        assert sum((await refusals(made)).values()) == 3

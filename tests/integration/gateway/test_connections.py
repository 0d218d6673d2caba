"""How long a connection lasts: kept, closed, of an older version, or offered for another one."""

import asyncio

from fakes.honest_endpoint import result
from fakes.in_process_gateway import refusals
from fakes.raw_http import call, connected, post, request
from fakes.scripted_upstream import Peer, Received
from integration.gateway.refusing import serving


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

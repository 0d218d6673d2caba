"""HTTP+SSE client, HTTP+SSE endpoint: bytes pass as they are, at once, until one side ends."""

import asyncio
import json

import aiohttp
import pytest

from integration.http_sse.conftest import GatewayStarter, eventually, group, refusals
from integration.http_sse.raw_clients import INITIALIZE, SseReading, older_client
from integration.http_sse.scripted_endpoint import ScriptedEndpoint
from moorage_gateway.relaying.http_sse import relayed_streams

PATH = "/old"


async def test_every_write_reaches_the_client_before_the_next_one(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    _gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    async with older_client(base, PATH) as client:
        for piece in (
            b": a comment\r\n\r\n",
            b"event: message\r\nda",
            b"ta: {\r\n",
            b"\r\n",
            b"id: 7\ndata: \xe2\x82",
            b"\xac\ndata\n\n",
            b"retry: 10\n\n",
            b"event: other\rdata: x\r\r",
        ):
            await endpoint.streams[0].write(piece)
            assert await client.stream.octets(len(piece)) == piece


async def test_messages_are_posted_where_the_endpoint_said(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    _gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    async with older_client(base, PATH) as client:
        assert client.uri.startswith("/old?sessionId=")
        response = await client.post(INITIALIZE)
        assert (response.status, response.body) == (202, b"Accepted")
        answer = await client.stream.message()
        assert answer["result"]["serverInfo"]["name"] == "scripted"
        number = endpoint.streams[0].number
        assert endpoint.posts == [(f"/messages?s={number}", INITIALIZE)]
        endpoint.status = 418
        assert (await client.post(INITIALIZE)).status == 418


async def test_any_replica_posts_to_the_endpoint_itself(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    old = group("old", endpoint.url, "HttpSse")
    (_, base), (second, other_base) = await start_gateway(old), await start_gateway(old)
    async with older_client(base, PATH) as client:
        assert (await client.post(INITIALIZE, other_base)).status == 202
        assert (await client.stream.message())["id"] == INITIALIZE["id"]
        assert second.status().sessions == 1
    async with asyncio.timeout(2):
        await endpoint.streams[0].closed.wait()
    # Nobody holds it any more; the endpoint itself says so.
    async with (
        aiohttp.ClientSession() as http,
        http.post(other_base + client.uri, json=INITIALIZE) as response,
    ):
        assert response.status == 404


async def test_a_client_that_is_gone_closes_the_endpoints_stream(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    async with older_client(base, PATH):
        status = gateway.status()
        assert (status.streams, status.sessions) == (1, 1)
    async with asyncio.timeout(2):
        await endpoint.streams[0].closed.wait()
    await eventually(lambda: gateway.status().streams == 0)
    assert gateway.status().sessions == 0


async def test_the_endpoints_end_is_the_clients_end(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    _gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    async with older_client(base, PATH) as client:
        await endpoint.streams[0].write(b"data: last\n\n")
        endpoint.streams[0].end()
        assert await client.stream.rest() == b"data: last\n\n"


async def test_an_endpoint_that_breaks_off_between_events_ends_the_stream_cleanly(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    _gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    async with older_client(base, PATH) as client:
        await endpoint.streams[0].write(b"data: last\n\n")
        assert await client.stream.octets(12) == b"data: last\n\n"
        endpoint.streams[0].break_off()
        assert await client.stream.rest() == b""


async def test_an_endpoint_that_breaks_off_within_an_event_is_no_clean_end(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    _gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    async with older_client(base, PATH) as client:
        await endpoint.streams[0].write(b"data: ha")
        assert await client.stream.octets(8) == b"data: ha"
        endpoint.streams[0].break_off()
        try:
            assert await client.stream.rest() == b""
            raise AssertionError("half an event looked like a whole one")
        except aiohttp.ClientError:
            pass


async def test_a_stopping_gateway_ends_streams_between_events(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    async with older_client(base, PATH) as client:
        await endpoint.streams[0].write(b"data: half")
        stopping = asyncio.ensure_future(gateway.stop())
        await asyncio.sleep(0.1)
        await endpoint.streams[0].write(b"\n\n")
        assert (await client.stream.rest()).startswith(b"data: half\n\n")
        await stopping


async def test_sessions_are_packed_and_counted_like_all_others(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse", per_pod=1))
    async with older_client(base, PATH), aiohttp.ClientSession() as http:
        async with http.get(base + PATH, headers={"accept": "text/event-stream"}) as response:
            assert response.status == 503
            body = json.loads(await response.read())
        assert body["error"]["data"]["reason"] == "GroupSessionsExhausted"
    await eventually(lambda: gateway.status().sessions == 0)
    async with older_client(base, PATH):
        assert refusals(gateway) == {"GroupSessionsExhausted": 1}


async def test_a_session_ends_when_it_is_too_old(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relayed_streams, "KEEP_ALIVE_SECONDS", 0.2)
    old = group("old", endpoint.url, "HttpSse", max_seconds=1)
    _gateway, base = await start_gateway(old)
    async with older_client(base, PATH) as client:
        rest = await SseReading(client.stream.response).rest()
        assert set(rest.split(b"\n\n")) == {b": keep-alive", b""}
        assert 3 <= rest.count(b"keep-alive") <= 6


async def test_a_session_that_the_endpoint_does_not_know_is_not_counted(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    old = group("old", endpoint.url, "HttpSse")
    (first, base), (second, other_base) = await start_gateway(old), await start_gateway(old)
    async with older_client(base, PATH) as client:
        endpoint.status = 404
        assert (await client.post(INITIALIZE, other_base)).status == 404
        assert second.status().sessions == 0
        # Also a message that comes late, after its stream, begins no session.
        client.stream.response.close()
        await eventually(lambda: first.status().streams == 0)
        assert (await client.post(INITIALIZE)).status == 404
        assert first.status().sessions == 0
    live = [
        each.sessions
        for gateway in (first, second)
        for each in gateway.status().groups[0].endpoints
    ]
    assert live == [0, 0]

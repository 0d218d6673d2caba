"""A client that does not read stops its own endpoint's stream, loses nothing, and is not waited
for for ever; memory stays bounded (threats H2, H3)."""

import asyncio
from typing import Any

import pytest

from integration.http_sse.conftest import GatewayStarter, eventually, group, refusals
from integration.http_sse.raw_clients import call, newer_client, older_client
from integration.http_sse.scripted_endpoint import ScriptedEndpoint
from integration.http_sse.scripted_streamable import Exchange, ScriptedStreamable
from moorage_gateway.process import Gateway

MESSAGES = 600
PIECE = "x" * 100_000


def note(number: int) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": "notifications/x", "params": {"n": number, "p": PIECE}}


def waiting_bytes(gateway: Gateway) -> int:
    """What all outboxes of a gateway hold."""
    holdings = gateway._parts.front.http_sse._holdings
    streams = [stream.outbox for stream in holdings._streams.values()]
    sessions = [
        outbox for each in holdings._sessions.values() for outbox in each.messages.outboxes()
    ]
    return sum(outbox._bytes for outbox in (*streams, *sessions))


class Progress:
    """How many messages an endpoint could write."""

    def __init__(self) -> None:
        self.written = 0

    async def write_all(self, say: Any) -> None:
        for number in range(MESSAGES):
            await say(note(number))
            self.written = number + 1

    async def until_stuck(self) -> int:
        """Waits until nothing more is written for a while."""
        before = -1
        while before != self.written:
            before = self.written
            await asyncio.sleep(0.5)
        return before


async def test_a_held_streams_reader_pauses_its_endpoint_and_loses_nothing(
    start_gateway: GatewayStarter, streamable: ScriptedStreamable
) -> None:
    progress = Progress()

    async def flood(exchange: Exchange) -> None:
        await exchange.begin()
        await progress.write_all(exchange.say)
        await exchange.say(exchange.result())

    streamable.behave["tools/call"] = flood
    gateway, base = await start_gateway(group("new", streamable.url))
    async with older_client(base, "/new") as client:
        await client.initialize()
        assert (await client.post(call(1, "x"))).status == 202
        assert await progress.until_stuck() < MESSAGES
        assert waiting_bytes(gateway) < 4 * 1024 * 1024
        for number in range(MESSAGES):
            assert (await client.stream.message())["params"]["n"] == number
        assert (await client.stream.message())["id"] == 1


async def test_a_bridged_sessions_reader_pauses_its_endpoint_and_loses_nothing(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    progress = Progress()
    gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    async with newer_client(f"{base}/old") as client:
        await client.initialize()
        async with client.listening() as get:
            writing = asyncio.ensure_future(progress.write_all(endpoint.streams[0].say))
            assert await progress.until_stuck() < MESSAGES
            assert waiting_bytes(gateway) < 4 * 1024 * 1024
            for number in range(MESSAGES):
                assert (await get.message())["params"]["n"] == number
            await writing


async def test_a_relayed_streams_reader_pauses_its_endpoint_and_loses_nothing(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    progress = Progress()
    _gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    async with older_client(base, "/old") as client:
        writing = asyncio.ensure_future(progress.write_all(endpoint.streams[0].say))
        assert await progress.until_stuck() < MESSAGES
        for number in range(MESSAGES):
            assert (await client.stream.message())["params"]["n"] == number
        await writing


@pytest.mark.parametrize("transport", ["HttpSse", "StreamableHttp"])
async def test_a_reader_that_stands_still_is_left(
    start_gateway: GatewayStarter,
    endpoint: ScriptedEndpoint,
    streamable: ScriptedStreamable,
    transport: str,
) -> None:
    async def flood(exchange: Exchange) -> None:
        await exchange.begin()
        await Progress().write_all(exchange.say)

    streamable.behave["tools/call"] = flood
    url = endpoint.url if transport == "HttpSse" else streamable.url
    gateway, base = await start_gateway(group("one", url, transport), write_stall_seconds=1.0)
    async with older_client(base, "/one") as client:
        if transport == "HttpSse":
            writing = asyncio.ensure_future(Progress().write_all(endpoint.streams[0].say))
            async with asyncio.timeout(10):
                await endpoint.streams[0].closed.wait()
            await asyncio.gather(writing, return_exceptions=True)
        else:
            await client.initialize()
            await client.post(call(1, "x"))
            async with asyncio.timeout(10):
                await streamable.deleted.wait()
        assert refusals(gateway).get("SlowReader") == 1
        await eventually(lambda: gateway.status().sessions == 0)

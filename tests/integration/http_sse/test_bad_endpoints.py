"""HTTP+SSE endpoints that misbehave: never verified, or one clear error for the one caller."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from integration.http_sse.conftest import GatewayStarter, all_ready, eventually, group
from integration.http_sse.raw_clients import (
    BOTH,
    INITIALIZE,
    Answer,
    newer_client,
    older_client,
)
from integration.http_sse.scripted_endpoint import ScriptedEndpoint

EVIL = "http://169.254.169.254/latest/meta-data"
FIRST_EVENTS: dict[str, bytes] = {
    "another origin": f"event: endpoint\ndata: {EVIL}\n\n".encode(),
    "another port": b"event: endpoint\ndata: http://127.0.0.1:1/messages\n\n",
    "another scheme": b"event: endpoint\ndata: https://127.0.0.1/messages\n\n",
    "a request of its own": b"event: endpoint\ndata: /m HTTP/1.1\\r\\nx: y\n\n",
    "a message first": b'event: message\ndata: {"jsonrpc":"2.0","method":"x"}\n\n',
    "no name": b"data: /messages\n\n",
    "endless": b"event: endpoint\ndata: /" + b"x" * 40_000,
}


async def opened(base: str, older: bool) -> Answer:
    """What a client of either transport gets when it begins a session."""
    async with aiohttp.ClientSession() as http:
        if older:
            async with http.get(f"{base}/old", headers={"accept": "text/event-stream"}) as response:
                return await Answer.of(response)
        async with http.post(f"{base}/old", json=INITIALIZE, headers=BOTH) as response:
            return await Answer.of(response)


@pytest.mark.parametrize("older", [True, False], ids=["HTTP+SSE client", "streamable client"])
@pytest.mark.parametrize("first_event", FIRST_EVENTS)
async def test_a_wrong_first_event_is_a_bad_answer(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint, first_event: str, older: bool
) -> None:
    gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    endpoint.first_event = lambda number: FIRST_EVENTS[first_event]
    answer = await opened(base, older)
    assert (answer.status, answer.reason) == (502, "BadAnswer")
    async with asyncio.timeout(2):
        await endpoint.streams[0].closed.wait()
    await eventually(lambda: gateway.status().sessions == 0)


@pytest.mark.parametrize("older", [True, False], ids=["HTTP+SSE client", "streamable client"])
async def test_an_endpoint_that_says_nothing_is_given_up(
    start_gateway: GatewayStarter,
    endpoint: ScriptedEndpoint,
    older: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("relayed_streams", "bridged_session"):
        path = f"moorage_gateway.relaying.http_sse.{module}.HANDSHAKE_SECONDS"
        monkeypatch.setattr(path, 0.3)
    _gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    endpoint.first_event = lambda number: b": wait\n\n"
    answer = await opened(base, older)
    assert (answer.status, answer.reason) == (504, "AnswerTimeout")
    assert "endpoint event" in answer.json["error"]["message"]


async def test_an_event_past_the_bound_ends_that_stream_alone(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    _gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"), event_bytes=50_000)
    async with older_client(base, "/old") as flooded, older_client(base, "/old") as other:
        await endpoint.streams[0].write(b"data: " + b"x" * 60_000)
        with pytest.raises((EOFError, aiohttp.ClientError)):
            await flooded.stream.octets(60_006)
        await endpoint.streams[1].write(b"data: fine\n\n")
        assert await other.stream.octets(12) == b"data: fine\n\n"


async def test_noise_between_messages_is_dropped_and_counted(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    async with newer_client(f"{base}/old") as client:
        await client.initialize()
        async with client.listening() as get:
            for noise in (b"not json", b'{"jsonrpc":"1.0"}', b'{"a":1,"a":2}', b"[]"):
                await endpoint.streams[0].write(b"data: %b\n\n" % noise)
            await endpoint.streams[0].write(b"event: weather\ndata: rain\n\n")
            await endpoint.streams[0].say({"jsonrpc": "2.0", "method": "x"})
            assert (await get.message())["method"] == "x"
        assert dict(gateway.status().refusals)["MalformedServerMessage"] == 4


Handler = Callable[[web.Request], Any]


async def html(request: web.Request) -> web.Response:
    return web.Response(text="<html>", content_type="text/html")


async def elsewhere(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    await response.write(FIRST_EVENTS["another origin"])
    await asyncio.sleep(60)
    return response


async def never_answers(request: web.Request) -> web.StreamResponse:
    if request.method == "POST":
        return web.Response(status=500)
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    await response.write(b"event: endpoint\ndata: /sse\n\n")
    await asyncio.sleep(60)
    return response


@pytest.mark.parametrize(
    ("handler", "why"),
    [
        (html, "not with an event stream"),
        (elsewhere, "another origin"),
        (never_answers, "HTTP 500"),
    ],
)
async def test_only_a_server_that_shakes_hands_is_ready(
    start_gateway: GatewayStarter, handler: Handler, why: str
) -> None:
    app = web.Application()
    app.add_routes([web.route("*", "/sse", handler)])
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/sse"
    try:
        gateway, base = await start_gateway(group("old", url, "HttpSse"), await_ready=False)

        def whys() -> str:
            return gateway.status().groups[0].endpoints[0].why

        await eventually(lambda: why in whys())
        assert not all_ready(gateway)
        answer = await opened(base, older=True)
        assert (answer.status, answer.reason) == (503, "NoReadyEndpoint")
        assert why in answer.json["error"]["message"]
    finally:
        await runner.cleanup()


async def test_a_verified_endpoint_is_left_without_a_stream(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    gateway, _base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    assert gateway.status().groups[0].endpoints[0].versions == ("2025-03-26",)
    assert endpoint.streams == []
    await eventually(lambda: all(stream.closed.is_set() for stream in endpoint.handshakes))
    assert len(endpoint.handshakes) == 1

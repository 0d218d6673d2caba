"""Streamable HTTP client, HTTP+SSE endpoint: one stream there, a POST and a GET for it here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest

from integration.http_sse.conftest import GatewayStarter, eventually, group, refusals
from integration.http_sse.raw_clients import (
    BOTH,
    INITIALIZE,
    Answer,
    NewerClient,
    SseReading,
    call,
    newer_client,
)
from integration.http_sse.scripted_endpoint import ScriptedEndpoint
from moorage_gateway.process import Gateway
from moorage_gateway.relaying.http_sse.outbox import MAX_MESSAGES

LOG = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": 1}}

INITIALIZE_RESULT = {
    "protocolVersion": "2025-03-26",
    "capabilities": {},
    "serverInfo": {"name": "scripted", "version": "1"},
}


def answer_to(message: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": message["id"], "result": {"content": []}}


async def posted(endpoint: ScriptedEndpoint, request_id: int | str) -> None:
    await eventually(lambda: any(m.get("id") == request_id for _, m in endpoint.posts))


async def test_an_answer_that_comes_alone_is_json_and_nothing_else_is_minted(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    async with newer_client(f"{base}/old") as client:
        answer = await client.initialize()
        assert answer["result"]["serverInfo"]["name"] == "scripted"
        assert gateway.status().sessions == 1
        pending = asyncio.ensure_future(client.post(call(5, "x")))
        await posted(endpoint, 5)
        await endpoint.streams[0].say(answer_to(call(5, "x")))
        response = await pending
        assert response.headers["content-type"] == "application/json"
        assert response.headers["mcp-session-id"] == client.headers["mcp-session-id"]
        assert response.json == answer_to(call(5, "x"))
        assert (await client.delete()).status == 200
        async with asyncio.timeout(2):
            await endpoint.streams[0].closed.wait()
        assert (await client.post(call(6, "x"))).status == 404
        assert gateway.status().sessions == 0


async def test_what_comes_before_the_answer_comes_first_on_its_stream(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    _gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    async with newer_client(f"{base}/old") as client:
        await client.initialize()
        async with client.listening() as get:
            pending = asyncio.ensure_future(client.post(call(5, "x")))
            await posted(endpoint, 5)
            await endpoint.streams[0].say(LOG)
            await endpoint.streams[0].say(answer_to(call(5, "x")))
            response = await pending
            assert response.headers["content-type"] == "text/event-stream"
            assert response.messages == [LOG, answer_to(call(5, "x"))]
            await endpoint.streams[0].say(LOG)
            assert await get.message() == LOG


async def test_what_nobody_waits_for_is_kept_for_the_get_stream_up_to_a_bound(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    async with newer_client(f"{base}/old") as client:
        await client.initialize()
        for number in range(MAX_MESSAGES + 20):
            await endpoint.streams[0].say({**LOG, "params": {"data": number}})
        await eventually(lambda: refusals(gateway).get("ServerMessageDropped") == 20)
        async with client.listening() as get:
            for number in range(MAX_MESSAGES):
                assert (await get.message())["params"]["data"] == number


async def test_the_first_get_keeps_the_stream(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    _gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    async with newer_client(f"{base}/old") as client:
        await client.initialize()
        async with client.listening() as get:
            async with client.http.get(client.url, headers=client.headers) as second:
                taken = await Answer.of(second)
                assert (taken.status, taken.reason) == (409, "StreamTaken")
            await endpoint.streams[0].say(LOG)
            assert await get.message() == LOG


async def test_answers_find_their_callers_whatever_their_order(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    _gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    async with newer_client(f"{base}/old") as client:
        await client.initialize()
        ids: list[int | str] = [*range(1, 20), *"abc"]
        pending = {i: asyncio.ensure_future(client.post(call(i, "x"))) for i in ids}
        for request_id in ids:
            await posted(endpoint, request_id)
        for request_id in reversed(ids):
            await endpoint.streams[0].say(answer_to(call(request_id, "x")))
        for request_id, task in pending.items():
            assert (await task).json["id"] == request_id


async def test_an_id_in_flight_is_refused_and_the_first_call_goes_on(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    _gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    async with newer_client(f"{base}/old") as client:
        await client.initialize()
        first = asyncio.ensure_future(client.post(call(5, "x")))
        await posted(endpoint, 5)
        second = await client.post(call(5, "x"))
        assert (second.status, second.reason) == (400, "IdInFlight")
        await endpoint.streams[0].say(answer_to(call(5, "x")))
        assert (await first).status == 200


async def test_an_endpoint_that_answers_its_posts_late_may_ask_before(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    _gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    async with newer_client(f"{base}/old") as client:
        await client.initialize()
        endpoint.holds_posts.clear()
        async with client.listening() as get:
            pending = [asyncio.ensure_future(client.post(call(i, "x"))) for i in (5, 6)]
            await posted(endpoint, 6)
            await endpoint.streams[0].say({"jsonrpc": "2.0", "id": 1, "method": "roots/list"})
            assert (await get.message())["method"] == "roots/list"
            for request_id in (5, 6):
                await endpoint.streams[0].say(answer_to(call(request_id, "x")))
            assert [(await task).status for task in pending] == [200, 200]
        endpoint.holds_posts.set()


async def test_a_batch_is_answered_as_a_whole(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    _gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    async with newer_client(f"{base}/old") as client:
        await client.initialize()  # 2025-03-26, which has batches
        pending = asyncio.ensure_future(client.post([call(5, "x"), LOG, call(6, "x")]))
        await posted(endpoint, 6)
        for request_id in (6, 5):
            await endpoint.streams[0].say(answer_to(call(request_id, "x")))
        response = await pending
        assert response.headers["content-type"] == "text/event-stream"
        assert len(response.messages) == 2


@pytest.mark.parametrize("status", [400, 404, 500])
async def test_a_message_that_the_endpoint_refuses_is_refused(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint, status: int
) -> None:
    _gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    async with newer_client(f"{base}/old") as client:
        await client.initialize()
        endpoint.status = status
        response = await client.post(call(5, "x"))
        assert response.status == (502 if status == 500 else status)
        assert response.json["id"] == 5
        endpoint.status = 202
        after = asyncio.ensure_future(client.post(call(6, "x")))
        if status == 404:  # the endpoint no longer knows the session, so neither do we
            assert (await after).status == 404
            return
        await posted(endpoint, 6)
        await endpoint.streams[0].say(answer_to(call(6, "x")))
        assert (await after).status == 200


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_stream_that_ends_ends_the_session_and_tells_who_waits(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint, streaming: bool
) -> None:
    gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    async with newer_client(f"{base}/old") as client:
        await client.initialize()
        async with client.http.get(client.url, headers=client.headers) as get:
            pending = asyncio.ensure_future(client.post(call(5, "x")))
            await posted(endpoint, 5)
            if streaming:
                await endpoint.streams[0].say(LOG)
                await asyncio.sleep(0.1)
            endpoint.streams[0].break_off()
            response = await pending
            assert response.status == (200 if streaming else 502)
            refusal = response.messages[-1] if streaming else response.json
            assert (refusal["id"], refusal["error"]["code"]) == (5, -31001)
            assert await get.content.read() == b""
        assert (await client.post(call(6, "x"))).status == 404
        assert gateway.status().sessions == 0


async def test_a_silent_endpoint_is_an_unknown_outcome(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    old = group("old", endpoint.url, "HttpSse", answer_seconds=1)
    _gateway, base = await start_gateway(old)
    async with newer_client(f"{base}/old") as client:
        await client.initialize()
        response = await client.post(call(5, "x"))
        assert (response.status, response.reason) == (504, "AnswerTimeout")


async def test_a_caller_that_leaves_takes_nothing_from_the_others(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    async with newer_client(f"{base}/old") as client:
        await client.initialize()
        leaving = asyncio.ensure_future(client.post(call(5, "x")))
        await posted(endpoint, 5)
        leaving.cancel()
        staying = asyncio.ensure_future(client.post(call(6, "x")))
        await posted(endpoint, 6)
        await asyncio.sleep(0.1)
        for request_id in (5, 6):
            await endpoint.streams[0].say(answer_to(call(request_id, "x")))
        assert (await staying).json["id"] == 6
        assert refusals(gateway) == {"AnswerWithoutCaller": 1}
        assert [m.get("method") for _, m in endpoint.posts].count("notifications/cancelled") == 0


async def test_an_unused_session_ends_and_one_that_listens_does_not(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    old = group("old", endpoint.url, "HttpSse", idle_seconds=1)
    gateway, base = await start_gateway(old)
    async with newer_client(f"{base}/old") as idle, newer_client(f"{base}/old") as busy:
        await idle.initialize()
        await busy.initialize()
        async with busy.listening() as get:
            await asyncio.sleep(1.1)
            end_old(gateway)
            await endpoint.streams[1].say(LOG)
            assert await get.message() == LOG
        assert (await idle.post(call(5, "x"))).status == 404
        assert endpoint.streams[0].closed.is_set() or gateway.status().sessions == 1


def end_old(gateway: Gateway) -> None:
    """What the sweep does every few seconds."""
    runtime = gateway._parts.runtime
    gateway._parts.front.http_sse._holdings.end_old(runtime.loop_seconds())


@pytest.mark.parametrize(
    ("message", "headers", "status", "name"),
    [
        (call(1, "x"), {}, 400, "SessionIdMissing"),
        ([INITIALIZE], {}, 400, "SessionIdMissing"),
        (call(1, "x"), {"mcp-session-id": "made-up"}, 404, "SessionNotFound"),
        (
            {"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {}},
            {"mcp-protocol-version": "2026-07-28", "mcp-method": "server/discover"},
            400,
            "InitializeNeeded",
        ),
    ],
)
async def test_no_session_is_ever_guessed(
    start_gateway: GatewayStarter,
    endpoint: ScriptedEndpoint,
    message: Any,
    headers: dict[str, str],
    status: int,
    name: str,
) -> None:
    _gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    async with newer_client(f"{base}/old") as client:
        await client.initialize()
        stranger = NewerClient(client.http, client.url, {**BOTH, **headers})
        response = await stranger.post(message)
        assert (response.status, response.reason) == (status, name)
        assert [m["method"] for _, m in endpoint.posts] == [
            "initialize",
            "notifications/initialized",
        ]


async def test_an_error_of_initialize_opens_no_session(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    endpoint.answers_initialize = False
    async with newer_client(f"{base}/old") as client:
        pending = asyncio.ensure_future(client.post(INITIALIZE))
        await posted(endpoint, 0)
        error = {"jsonrpc": "2.0", "id": 0, "error": {"code": -32602, "message": "not you"}}
        await endpoint.streams[0].say(error)
        response = await pending
        assert response.status == 200 and response.json == error
        assert "mcp-session-id" not in response.headers
        async with asyncio.timeout(2):
            await endpoint.streams[0].closed.wait()
        assert gateway.status().sessions == 0


async def test_a_stream_that_ends_with_the_answer_to_initialize_opens_no_session(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    endpoint.answers_initialize = False
    async with newer_client(f"{base}/old") as client:
        pending = asyncio.ensure_future(client.post(INITIALIZE))
        await posted(endpoint, 0)
        endpoint.streams[0].say_last({"jsonrpc": "2.0", "id": 0, "result": INITIALIZE_RESULT})
        response = await pending
        assert (response.status, response.reason) == (502, "OutcomeUnknown")
        assert "mcp-session-id" not in response.headers
    assert gateway.status().sessions == 0


async def test_a_client_that_leaves_during_initialize_leaves_no_stream(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    endpoint.answers_initialize = False
    async with aiohttp.ClientSession() as http:
        client = NewerClient(http, f"{base}/old")
        pending = asyncio.ensure_future(client.post(INITIALIZE))
        await posted(endpoint, 0)
        pending.cancel()
        async with asyncio.timeout(2):
            await endpoint.streams[0].closed.wait()
        assert gateway.status().sessions == 0


async def test_every_replica_serves_the_session_that_one_holds(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    old = group("old", endpoint.url, "HttpSse")
    (holder, base), (_, other_base) = await start_gateway(old), await start_gateway(old)
    other = f"{other_base}/old"
    async with newer_client(f"{base}/old") as client:
        await client.initialize()
        async with client.listening(other) as get:
            await endpoint.streams[0].say(LOG)
            assert await get.message() == LOG
            pending = asyncio.ensure_future(client.post(call(5, "x"), other))
            await posted(endpoint, 5)
            await endpoint.streams[0].say(LOG)
            await endpoint.streams[0].say(answer_to(call(5, "x")))
            response = await pending
            assert response.headers["mcp-session-id"] == client.headers["mcp-session-id"]
            assert len(response.messages) == 2
        endpoint.status = 500
        refused = await client.post(call(6, "x"), other)
        assert (refused.status, refused.json["id"]) == (502, 6)
        endpoint.status = 202
        async with listening_once_free(client) as get:
            await endpoint.streams[0].say(LOG)
            assert await get.message() == LOG
        assert (await client.delete(other)).status == 200
        assert (await client.post(call(7, "x"))).status == 404
        assert (await client.post(call(7, "x"), other)).status == 404
        assert holder.status().sessions == 0


@asynccontextmanager
async def listening_once_free(client: NewerClient) -> AsyncIterator[SseReading]:
    """As soon as the holder has noticed that the client left its GET at the other replica."""
    async with AsyncExitStack() as stack, asyncio.timeout(5):
        while True:
            request = client.http.get(client.url, headers=client.headers)
            response = await stack.enter_async_context(request)
            if response.status == 200:
                yield SseReading(response)
                return
            await asyncio.sleep(0.02)


async def test_a_session_whose_holder_is_gone_is_an_honest_404(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    old = group("old", endpoint.url, "HttpSse")
    (holder, base), (_, other_base) = await start_gateway(old), await start_gateway(old)
    async with newer_client(f"{base}/old") as client:
        await client.initialize()
        pending = asyncio.ensure_future(client.post(call(5, "x"), f"{other_base}/old"))
        await posted(endpoint, 5)
        await holder.stop()
        assert (await pending).status == 502
        response = await client.post(call(6, "x"), f"{other_base}/old")
        assert (response.status, response.reason) == (404, "SessionNotFound")

"""HTTP+SSE client, streamable HTTP endpoint: the gateway leads the session for its client."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from integration.http_sse.conftest import GatewayStarter, eventually, group, refusals, table
from integration.http_sse.raw_clients import (
    INITIALIZE,
    INITIALIZED,
    Answer,
    OlderClient,
    call,
    older_client,
)
from integration.http_sse.scripted_streamable import SESSION_ID, Exchange, ScriptedStreamable
from moorage_gateway.relaying.http_sse.held_stream import MAX_CALLS

LOG = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": 1}}
CALL = "tools/call"
INITIALIZE_RESULT = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "serverInfo": {"name": "scripted", "version": "1"},
}


async def hang(exchange: Exchange) -> None:
    await asyncio.Event().wait()


def error_of(message: dict[str, Any]) -> tuple[Any, int, str]:
    error = message["error"]
    return message["id"], error["code"], error.get("data", {}).get("reason", "")


async def ask(client: OlderClient, request_id: int) -> None:
    assert (await client.post(call(request_id, "x"))).status == 202


async def test_the_session_is_led_as_its_version_wants_it(
    start_gateway: GatewayStarter, streamable: ScriptedStreamable
) -> None:
    gateway, base = await start_gateway(group("new", streamable.url))
    streamable.behave[CALL] = lambda exchange: exchange.answer(exchange.result())
    async with older_client(base, "/new") as client:
        await client.initialize()
        assert gateway.status().sessions == 1
        await ask(client, 1)
        assert (await client.stream.message())["id"] == 1
        first, *others = [exchange.request.headers for exchange in streamable.seen]
        assert "mcp-session-id" not in first and "mcp-protocol-version" not in first
        assert first["accept"] == "application/json, text/event-stream"
        for headers in others:
            assert headers["mcp-session-id"] == SESSION_ID
            assert headers["mcp-protocol-version"] == "2025-06-18"
    async with asyncio.timeout(2):
        await streamable.deleted.wait()
    assert streamable.seen[-1].request.headers["mcp-session-id"] == SESSION_ID
    await eventually(lambda: gateway.status().sessions == 0)


async def test_what_the_server_says_unasked_comes_too_and_is_fetched_again_after_a_break(
    start_gateway: GatewayStarter, streamable: ScriptedStreamable
) -> None:
    async def speak(exchange: Exchange) -> None:
        await exchange.begin()
        resumed = exchange.request.headers.get("last-event-id")
        await exchange.write(b"retry: 20\n\n")
        await exchange.say({**LOG, "params": {"data": resumed or "fresh"}}, event_id="e7")
        if resumed is None:
            exchange.break_off()
        else:
            await asyncio.Event().wait()

    streamable.behave["GET"] = speak
    _gateway, base = await start_gateway(group("new", streamable.url))
    async with older_client(base, "/new") as client:
        await client.initialize()
        assert (await client.stream.message())["params"] == {"data": "fresh"}
        assert (await client.stream.message())["params"] == {"data": "e7"}
        listening = streamable.seen[-1]
    async with asyncio.timeout(2):
        await listening.closed.wait()


async def test_a_server_without_such_a_stream_is_asked_once(
    start_gateway: GatewayStarter, streamable: ScriptedStreamable
) -> None:
    _gateway, base = await start_gateway(group("new", streamable.url))
    async with older_client(base, "/new") as client:
        await client.initialize()
        await asyncio.sleep(0.2)
        assert [each.request.method for each in streamable.seen] == ["POST", "POST", "GET"]


async def test_messages_of_an_answer_keep_their_order(
    start_gateway: GatewayStarter, streamable: ScriptedStreamable
) -> None:
    async def speak(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.write(b": hello\n\nid: p\ndata:\n\n")
        for number in range(50):
            await exchange.say({**LOG, "params": {"data": number}})
        await exchange.say(exchange.result())

    streamable.behave[CALL] = speak
    _gateway, base = await start_gateway(group("new", streamable.url))
    async with older_client(base, "/new") as client:
        await client.initialize()
        await ask(client, 1)
        for number in range(50):
            assert (await client.stream.message())["params"] == {"data": number}
        assert (await client.stream.message())["id"] == 1


async def test_an_answer_that_the_server_ends_early_is_fetched_by_get(
    start_gateway: GatewayStarter, streamable: ScriptedStreamable
) -> None:
    async def end_early(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.write(b"id: half-way\nretry: 10\ndata:\n\n")

    async def resume(exchange: Exchange) -> None:
        await exchange.begin()
        if exchange.request.headers.get("last-event-id") == "half-way":
            answered = {"jsonrpc": "2.0", "id": 1, "result": {"content": ["late"]}}
            await exchange.say(answered)
        await asyncio.Event().wait()

    streamable.behave |= {CALL: end_early, "GET": resume}
    _gateway, base = await start_gateway(group("new", streamable.url))
    async with older_client(base, "/new") as client:
        await client.initialize()
        await ask(client, 1)
        assert (await client.stream.message())["result"] == {"content": ["late"]}


async def test_calls_run_beside_each_other_and_are_sent_in_order(
    start_gateway: GatewayStarter, streamable: ScriptedStreamable
) -> None:
    release = asyncio.Event()

    async def wait(exchange: Exchange) -> None:
        await release.wait()
        await exchange.answer(exchange.result())

    streamable.behave[CALL] = wait
    _gateway, base = await start_gateway(group("new", streamable.url))
    async with older_client(base, "/new") as client:
        await client.initialize()
        for request_id in range(1, 11):
            await ask(client, request_id)
        cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 3}}
        assert (await client.post(cancel)).status == 202
        calls = [message["id"] for message in streamable.messages(CALL)]
        assert sorted(calls) == list(range(1, 11))
        assert streamable.messages("notifications/cancelled") == [cancel]
        release.set()
        answers = {(await client.stream.message())["id"] for _ in range(10)}
        assert answers == set(range(1, 11))


Failure = Any


async def answer_503(exchange: Exchange) -> None:
    await exchange.answer({"oops": 1}, status=503)


async def answer_400_under_no_id(exchange: Exchange) -> None:
    error = {"code": -32600, "message": "not like this"}
    await exchange.answer({"jsonrpc": "2.0", "id": None, "error": error}, status=400)


async def answer_202(exchange: Exchange) -> None:
    await exchange.answer({}, status=202)


async def break_off(exchange: Exchange) -> None:
    await exchange.begin()
    await exchange.say(LOG)
    exchange.break_off()


async def end_without_answer(exchange: Exchange) -> None:
    await exchange.begin()
    await exchange.say(LOG)


async def answer_another(exchange: Exchange) -> None:
    await exchange.begin()
    await exchange.say({"jsonrpc": "2.0", "id": 999, "result": {}})


async def flood(exchange: Exchange) -> None:
    await exchange.begin()
    await exchange.write(b"data: " + b"x" * 1_100_000)


async def answer_too_much(exchange: Exchange) -> None:
    await exchange.answer(exchange.result("x" * 1_100_000))


@pytest.mark.parametrize(
    ("failure", "before", "code", "name"),
    [
        (answer_503, 0, -31001, "EndpointRefused"),
        (answer_400_under_no_id, 0, -32600, ""),
        (break_off, 1, -31001, "OutcomeUnknown"),
        (end_without_answer, 1, -31001, "OutcomeUnknown"),
        (answer_another, 1, -31001, "OutcomeUnknown"),
        (flood, 0, -31001, "BadAnswer"),
        (answer_too_much, 0, -31001, "BadAnswer"),
        (hang, 0, -31001, "AnswerTimeout"),
    ],
)
async def test_every_failure_is_one_clear_answer_and_the_session_goes_on(
    start_gateway: GatewayStarter,
    streamable: ScriptedStreamable,
    failure: Failure,
    before: int,
    code: int,
    name: str,
) -> None:
    streamable.behave[CALL] = failure
    _gateway, base = await start_gateway(group("new", streamable.url, answer_seconds=1))
    async with older_client(base, "/new") as client:
        await client.initialize()
        await ask(client, 1)
        for _ in range(before):
            await client.stream.message()
        assert error_of(await client.stream.message()) == (1, code, name)
        streamable.behave[CALL] = lambda exchange: exchange.answer(exchange.result())
        await ask(client, 2)
        assert (await client.stream.message())["id"] == 2


async def test_a_session_that_the_endpoint_has_ended_ends_the_stream(
    start_gateway: GatewayStarter, streamable: ScriptedStreamable
) -> None:
    _gateway, base = await start_gateway(group("new", streamable.url))
    streamable.behave[CALL] = lambda exchange: exchange.answer({}, status=404)
    async with older_client(base, "/new") as client:
        await client.initialize()
        await ask(client, 1)
        assert error_of(await client.stream.message())[0] == 1
        assert await client.stream.rest() == b""
        assert (await client.post(call(2, "x"))).status == 404


async def test_a_session_whose_endpoint_is_gone_ends_the_stream(
    start_gateway: GatewayStarter, streamable: ScriptedStreamable
) -> None:
    gateway, base = await start_gateway(group("new", streamable.url))
    async with older_client(base, "/new") as client:
        await client.initialize()
        gateway.apply(table(group("new", "http://127.0.0.1:1/mcp")))
        await ask(client, 1)
        assert error_of(await client.stream.message()) == (1, -32600, "EndpointGone")
        assert await client.stream.rest() == b""


async def test_servers_without_session_ids_stay_without(
    start_gateway: GatewayStarter, streamable: ScriptedStreamable
) -> None:
    streamable.gives_session_ids = False
    streamable.behave[CALL] = lambda exchange: exchange.answer(exchange.result())
    _gateway, base = await start_gateway(group("new", streamable.url))
    async with older_client(base, "/new") as client:
        await client.initialize()
        await ask(client, 1)
        assert (await client.stream.message())["id"] == 1
        assert all("mcp-session-id" not in each.request.headers for each in streamable.seen)
    await asyncio.sleep(0.1)
    assert not streamable.deleted.is_set()


async def test_nothing_comes_before_initialize_and_it_comes_once(
    start_gateway: GatewayStarter, streamable: ScriptedStreamable
) -> None:
    gateway, base = await start_gateway(group("new", streamable.url))
    async with older_client(base, "/new") as client:
        await ask(client, 1)
        assert error_of(await client.stream.message()) == (1, -32600, "NotInitialized")
        assert (await client.post(INITIALIZED)).status == 202
        assert streamable.seen == []
        await client.initialize()
        assert (await client.post(INITIALIZE)).status == 202
        assert error_of(await client.stream.message()) == (0, -32600, "InitializeInSession")
        batch = await client.post([call(1, "x")])
        assert (batch.status, batch.reason) == (400, "BatchNotAllowed")
        assert refusals(gateway) == {
            "NotInitialized": 2,
            "InitializeInSession": 1,
            "BatchNotAllowed": 1,
        }


async def test_more_calls_than_the_bound_are_refused_by_name(
    start_gateway: GatewayStarter, streamable: ScriptedStreamable
) -> None:
    streamable.behave[CALL] = hang
    _gateway, base = await start_gateway(group("new", streamable.url))
    async with older_client(base, "/new") as client:
        await client.initialize()
        await asyncio.gather(*(ask(client, request_id) for request_id in range(MAX_CALLS + 1)))
        assert error_of(await client.stream.message())[1:] == (-31003, "TooManyCallsInSession")
    async with asyncio.timeout(5):
        await streamable.deleted.wait()
        for each in streamable.seen:
            await each.closed.wait()


async def test_no_ready_endpoint_is_told_before_a_stream_opens(
    start_gateway: GatewayStarter,
) -> None:
    down = group("down", "http://127.0.0.1:1/mcp")
    _gateway, base = await start_gateway(down, await_ready=False)
    async with aiohttp.ClientSession() as http:
        for accept, status, name in (
            ("text/event-stream", 503, "NoReadyEndpoint"),
            ("application/json", 406, "NotAcceptable"),
        ):
            async with http.get(f"{base}/down", headers={"accept": accept}) as response:
                answer = await Answer.of(response)
            assert (answer.status, answer.reason) == (status, name)


async def test_streams_are_bounded(
    start_gateway: GatewayStarter, streamable: ScriptedStreamable
) -> None:
    gateway, base = await start_gateway(group("new", streamable.url), streams=2)
    async with older_client(base, "/new"), older_client(base, "/new") as second:
        async with second.http.get(f"{base}/new", headers={"accept": "*/*"}) as response:
            answer = await Answer.of(response)
        assert (answer.status, answer.reason) == (503, "TooManyStreams")
        assert gateway.status().streams == 2
    await eventually(lambda: gateway.status().streams == 0)


async def test_a_stopping_gateway_lets_calls_end_and_tells_the_endpoint(
    start_gateway: GatewayStarter, streamable: ScriptedStreamable
) -> None:
    release = asyncio.Event()

    async def wait(exchange: Exchange) -> None:
        await release.wait()
        await exchange.answer(exchange.result())

    streamable.behave[CALL] = wait
    gateway, base = await start_gateway(group("new", streamable.url))
    async with older_client(base, "/new") as busy, older_client(base, "/new") as idle:
        await busy.initialize()
        await idle.initialize()
        await ask(busy, 1)
        stopping = asyncio.ensure_future(gateway.stop())
        assert await idle.stream.rest() == b""
        release.set()
        assert (await busy.stream.message())["id"] == 1
        assert await busy.stream.rest() == b""
        await stopping
        assert [each.request.method for each in streamable.seen].count("DELETE") == 2


async def test_an_endpoint_that_keeps_its_answer_to_initialize_open_counts_one_session(
    start_gateway: GatewayStarter, streamable: ScriptedStreamable
) -> None:
    async def answer_and_stay(exchange: Exchange) -> None:
        await exchange.begin(session_id=SESSION_ID)
        await exchange.say(exchange.result(INITIALIZE_RESULT))
        await asyncio.Event().wait()

    streamable.behave["initialize"] = answer_and_stay
    gateway, base = await start_gateway(group("new", streamable.url))
    async with older_client(base, "/new") as client:
        await client.initialize()
        (endpoint,) = gateway.status().groups[0].endpoints
        assert (gateway.status().sessions, endpoint.sessions) == (1, 1)
    await eventually(lambda: gateway.status().groups[0].endpoints[0].sessions == 0)


async def test_a_session_that_begins_as_its_client_leaves_is_ended(
    start_gateway: GatewayStarter, streamable: ScriptedStreamable
) -> None:
    streamable.behave["initialize"] = hang
    gateway, base = await start_gateway(group("new", streamable.url))
    async with older_client(base, "/new") as client:
        await client.post(INITIALIZE)
        (stream,) = gateway._parts.front.http_sse._holdings._streams.values()
        (exchange,) = stream._feed._running
        closing = asyncio.ensure_future(stream.close())
        await asyncio.sleep(0)
        # The call is cancelled, and its answer comes before it has noticed.
        answer = json.dumps({"jsonrpc": "2.0", "id": 0, "result": INITIALIZE_RESULT}).encode()
        head = [(b"content-type", b"text/event-stream"), (b"mcp-session-id", SESSION_ID.encode())]
        exchange.answer_started(200, head)
        exchange.answer_received(b"data: %b\n\n" % answer)
        await closing
        assert gateway.status().sessions == 0
        assert gateway.status().groups[0].endpoints[0].sessions == 0
        assert streamable.deleted.is_set()


async def test_streams_of_a_group_that_is_no_longer_served_end_with_their_last_call(
    start_gateway: GatewayStarter, streamable: ScriptedStreamable
) -> None:
    go_on = asyncio.Event()

    async def answers(exchange: Exchange) -> None:
        await go_on.wait()
        await exchange.answer(exchange.result())

    gateway, base = await start_gateway(group("new", streamable.url))
    streamable.behave[CALL] = answers
    async with older_client(base, "/new") as quiet, older_client(base, "/new") as calling:
        await quiet.initialize()
        await calling.initialize()
        await ask(calling, 1)
        gateway.apply(table())
        assert await quiet.stream.rest() == b""
        await asyncio.sleep(0.7)
        go_on.set()
        assert (await calling.stream.message())["id"] == 1
        assert await calling.stream.rest() == b""

"""HTTP+SSE at a stop: a stream ends when no call waits on it; who cannot be waited for is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from fakes.in_process_gateway import QUICK, gateway, until
from integration.http_sse.conftest import group, table
from integration.http_sse.raw_clients import call, newer_client, older_client
from integration.http_sse.scripted_endpoint import ScriptedEndpoint, scripted_endpoint
from integration.http_sse.scripted_streamable import (
    Exchange,
    ScriptedStreamable,
    scripted_streamable,
)
from integration.stopping.stops import seconds, stopping
from moorage_gateway.process import Gateway

DRAIN_SECONDS = 1.0
LIMITS = replace(QUICK, drain_seconds=DRAIN_SECONDS)
OUTCOME_UNKNOWN = -31001


@asynccontextmanager
async def over_streamable() -> AsyncIterator[tuple[Gateway, str, ScriptedStreamable]]:
    async with (
        scripted_streamable() as endpoint,
        gateway(table(group("new", endpoint.url)), LIMITS) as made,
    ):
        yield made, f"http://127.0.0.1:{made.port}", endpoint


@asynccontextmanager
async def over_http_sse() -> AsyncIterator[tuple[Gateway, str, ScriptedEndpoint]]:
    async with (
        scripted_endpoint() as endpoint,
        gateway(table(group("old", endpoint.url, "HttpSse")), LIMITS) as made,
    ):
        yield made, f"http://127.0.0.1:{made.port}", endpoint


async def hang(exchange: Exchange) -> None:
    await asyncio.Event().wait()


async def test_a_held_stream_ends_when_its_call_is_answered() -> None:
    go_on = asyncio.Event()

    async def answers(exchange: Exchange) -> None:
        await go_on.wait()
        await exchange.answer(exchange.result())

    async with (
        over_streamable() as (made, base, endpoint),
        older_client(base, "/new") as quiet,
        older_client(base, "/new") as calling,
    ):
        await quiet.initialize()
        await calling.initialize()
        endpoint.behave["tools/call"] = answers
        assert (await calling.post(call(1, "x"))).status == 202
        async with stopping(made) as stop:
            assert await quiet.stream.rest() == b""
            await asyncio.sleep(0.2)
            assert not stop.done()
            go_on.set()
            assert (await calling.stream.message())["id"] == 1
            assert await calling.stream.rest() == b""
        assert endpoint.deleted.is_set()


async def test_a_held_call_that_does_not_end_is_told_on_its_stream() -> None:
    async with (
        over_streamable() as (made, base, endpoint),
        older_client(base, "/new") as client,
    ):
        await client.initialize()
        endpoint.behave["tools/call"] = hang
        for request_id in (1, "two"):
            assert (await client.post(call(request_id, "x"))).status == 202
        begun = seconds()
        async with stopping(made):
            told = [await client.stream.message() for _ in range(2)]
            assert [each["id"] for each in told] == [1, "two"]
            assert {each["error"]["code"] for each in told} == {OUTCOME_UNKNOWN}
            assert await client.stream.rest() == b""
            assert seconds() - begun > DRAIN_SECONDS - 0.1


async def test_a_bridged_session_answers_or_tells() -> None:
    async with (
        over_http_sse() as (made, base, endpoint),
        newer_client(f"{base}/old") as client,
        newer_client(f"{base}/old") as other,
    ):
        await client.initialize()
        await other.initialize()
        answered = asyncio.create_task(client.post(call(1, "x")))
        lost = asyncio.create_task(other.post(call(2, "x")))
        await until(lambda: len(endpoint.posts) == 6, "both calls are under way")
        async with other.listening() as stream, stopping(made):
            assert await stream.rest() == b""
            first, _ = endpoint.streams
            await first.say({"jsonrpc": "2.0", "id": 1, "result": {"content": []}})
            answer = await answered
            assert (answer.status, answer.json["id"]) == (200, 1)
            assert answer.headers["connection"] == "close"
            answer = await lost
            assert (answer.status, answer.reason) == (502, "OutcomeUnknown")
            assert (answer.json["id"], answer.json["error"]["code"]) == (2, OUTCOME_UNKNOWN)
        for each in endpoint.streams:
            async with asyncio.timeout(1):
                await each.closed.wait()


async def test_a_relayed_stream_ends_between_two_events() -> None:
    async with (
        over_http_sse() as (made, base, endpoint),
        older_client(base, "/old") as client,
    ):
        await client.initialize()
        (stream,) = endpoint.streams
        event = b'event: message\ndata: {"jsonrpc":"2.0","method":"notifications/x"}\n\n'
        await stream.write(event[:30])
        async with stopping(made) as stop:
            await asyncio.sleep(0.3)
            assert not stop.done()
            await stream.write(event[30:])
            assert await client.stream.octets(len(event)) == event
            assert await client.stream.rest() == b"retry: 1000\n\n"

"""What the drain time leaves unfinished: its caller is told that it may have run, if possible."""

import asyncio
import socket
from dataclasses import replace

import pytest

from fakes.honest_endpoint import never_answer, result
from fakes.honest_session import session
from fakes.in_process_gateway import page, refusals, until
from fakes.raw_http import Answer, call, connected, modern, post
from fakes.scripted_upstream import Peer, Received
from integration.stopping.stops import (
    CLOCK_SECONDS,
    DRAIN_SECONDS,
    PROGRESS,
    READINESS_SECONDS,
    STOPS,
    begin,
    seconds,
    serving,
    stopping,
    until_draining,
)
from moorage_gateway.process import Gateway
from moorage_gateway.relaying.client_connection import ClientConnection

MIB = 1024 * 1024
DEADLINE_SECONDS = READINESS_SECONDS + DRAIN_SECONDS


async def streams_for_ever(received: Received, peer: Peer) -> None:
    await peer.stream()
    await peer.event(PROGRESS)
    await peer.gone.wait()


async def streams_half_an_event(received: Received, peer: Peer) -> None:
    await peer.stream()
    await peer.chunk(b"event: message\ndata: {")
    await peer.gone.wait()


async def answers_half(received: Received, peer: Peer) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    await peer.send(head + b'{"jsonrpc":')
    await peer.gone.wait()


@pytest.mark.parametrize("behaviour", [never_answer, answers_half])
async def test_a_call_without_an_answer_is_told_that_it_may_have_run(behaviour: object) -> None:
    async with (
        serving({"bad": behaviour}) as (made, upstream),  # type: ignore[dict-item]
        session(made.port) as caller,
        connected(made.port) as other,
    ):
        client = await begin(caller, call("c", "bad"))
        await other.send(modern("tools/call", "m", name="bad", arguments={}))
        await until(lambda: len(upstream.server.of("tools/call")) == 2, "they are under way")
        begun = seconds()
        async with stopping(made):
            for each, request_id in ((client, "c"), (other, "m")):
                answer = await each.answer()
                assert (answer.status, answer.reason) == (502, "OutcomeUnknown")
                assert answer.error["code"] == -31001
                assert "the gateway" in answer.error["message"] or "process" in answer.body.decode()
                assert answer.message["id"] == request_id
                assert answer.header("connection") == "close"
            assert DEADLINE_SECONDS - CLOCK_SECONDS < seconds() - begun < DEADLINE_SECONDS + 0.4


async def test_a_call_that_streams_is_told_between_two_events() -> None:
    async with (
        serving({"bad": streams_for_ever}) as (made, _),
        session(made.port) as caller,
    ):
        client = await begin(caller, call("c", "bad"))
        assert (await client.head()).status == 200
        async with stopping(made):
            assert (await client.event_message())["method"] == PROGRESS["method"]
            message = await client.event_message()
            assert (message["id"], message["error"]["code"]) == ("c", -31001)
            assert await client.event() == b""


async def test_a_stream_that_stands_in_the_middle_of_an_event_is_cut() -> None:
    """Nothing can be said there that its client would understand."""
    async with (
        serving({"bad": streams_half_an_event}) as (made, _),
        session(made.port) as caller,
    ):
        client = await begin(caller, call("c", "bad"))
        assert (await client.head()).status == 200
        async with stopping(made):
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await client.event()
            assert b"error" not in client.unread


def keep_little_in_the_kernel(made: Gateway) -> None:
    """What a client has not read waits in the gateway, as on a slow network."""
    for connection in made._parts.front_server._connections:
        assert isinstance(connection, ClientConnection) and connection.transport is not None
        raw = connection.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)


async def test_the_tail_of_an_answer_reaches_a_slow_reader() -> None:
    """The call is over for the endpoint; megabytes of it still wait for the client."""

    async def large(received: Received, peer: Peer) -> None:
        await peer.json(result(received, {"text": "a" * 3 * MIB}))

    limits = replace(STOPS, readiness_seconds=0.0, drain_seconds=5.0)
    async with (
        serving({"large": large}, limits) as (made, upstream),
        connected(made.port, receive_bytes=64 * 1024) as client,
    ):
        await until(lambda: made._parts.front_server.open_connections == 1, "it is accepted")
        keep_little_in_the_kernel(made)
        await client.send(modern("tools/call", 1, name="large", arguments={}))
        await until(lambda: len(upstream.server.of("tools/call")) == 1, "it is under way")
        await asyncio.sleep(0.1)
        async with stopping(made):
            await until_draining(made)
            head = await client.head()
            length = int(head.header("content-length") or 0)
            body = b""
            while len(body) < length and (piece := await client.reader.read(256 * 1024)):
                body += piece
                await asyncio.sleep(0.05)
            answer = Answer(head.status, head.headers, body)
            assert answer.message["result"] == {"text": "a" * 3 * MIB}


async def test_a_client_that_does_not_read_its_last_answer_does_not_hold_the_stop() -> None:
    async def large(received: Received, peer: Peer) -> None:
        await peer.json(result(received, {"text": "a" * 3 * MIB}))

    async with (
        serving({"large": large}) as (made, upstream),
        connected(made.port, receive_bytes=4096) as client,
    ):
        await client.send(modern("tools/call", 1, name="large", arguments={}))
        await until(lambda: len(upstream.server.of("tools/call")) == 1, "it is under way")
        begun = seconds()
        async with stopping(made):
            pass
        assert seconds() - begun < DEADLINE_SECONDS + 3.5


async def test_half_sent_requests_do_not_hold_the_stop() -> None:
    async with serving() as (made, _), connected(made.port) as client:
        await client.send(post(call(1))[:-4])
        await until(lambda: True, "it is there")
        begun = seconds()
        async with stopping(made):
            pass
        assert seconds() - begun < DEADLINE_SECONDS + 3.5


async def test_calls_that_are_over_by_then_let_it_end_early_and_are_not_counted() -> None:
    async with serving() as (made, _), session(made.port) as caller:
        assert (await caller.count())["count"] == 1
        begun = seconds()
        async with stopping(made):
            assert (await caller.count())["count"] == 2
            assert await refusals(made) == {}
            assert (await page(made, "/metrics"))[0] == 200
        assert seconds() - begun < READINESS_SECONDS + 1.9

"""Streams end between two events, listens with their result, calls with their answer."""

import asyncio

import pytest

from fakes.honest_endpoint import result
from fakes.honest_session import session
from fakes.in_process_gateway import QUICK, until
from fakes.raw_http import call, connected, modern
from fakes.scripted_upstream import Peer, Received
from integration.listens.listeners import TOOLS, listen, listening
from integration.stopping.stops import (
    CLOCK_SECONDS,
    DRAIN_SECONDS,
    PROGRESS,
    READINESS_SECONDS,
    begin,
    seconds,
    serving,
    stopping,
    stream_of,
    until_draining,
)

FAREWELL = b"retry: 1000\n\n"


async def test_a_quiet_get_stream_is_told_when_to_return_and_ends() -> None:
    async with serving() as (made, upstream), stream_of(made, upstream) as client:
        begun = seconds()
        async with stopping(made):
            # It goes on while the gateway is still found by others.
            (peer,) = upstream.endpoint.streams.values()
            await peer.event(PROGRESS)
            assert (await client.event_message())["method"] == PROGRESS["method"]
            assert await client.event() == FAREWELL
            assert seconds() - begun > READINESS_SECONDS - CLOCK_SECONDS
            assert await client.event() == b""
            assert await client.reader.read() == b""
            await until(lambda: not upstream.endpoint.streams, "the endpoint is left at once")
        assert seconds() - begun < READINESS_SECONDS + 1.9


@pytest.mark.parametrize("pieces", [2, 5])
async def test_an_event_that_is_half_out_is_never_cut(pieces: int) -> None:
    event = b'id: 1\nevent: message\ndata: {"jsonrpc":"2.0","method":"notifications/x"}\n\n'
    size = len(event) // pieces + 1
    async with serving() as (made, upstream), stream_of(made, upstream) as client:
        (peer,) = upstream.endpoint.streams.values()
        async with stopping(made) as stop:
            await peer.chunk(event[:size])
            for start in range(size, len(event), size):
                await asyncio.sleep(READINESS_SECONDS)
                assert not stop.done()
                await peer.chunk(event[start : start + size])
            whole = await client.event()
            assert whole.startswith(b"id: ") and whole.endswith(event[6:])
            assert await client.event() == FAREWELL
            assert await client.event() == b""


async def test_a_get_that_the_endpoint_has_not_answered_is_refused_without_waiting() -> None:
    async def never(received: Received, peer: Peer) -> None:
        await peer.gone.wait()

    async with (
        serving({"GET": never}) as (made, upstream),
        session(made.port) as caller,
        connected(made.port) as client,
    ):
        await client.send(caller.bodiless("GET"))
        await until(lambda: upstream.server.requests[-1].method == "GET", "it is asked")
        begun = seconds()
        async with stopping(made):
            answer = await client.answer()
            assert (answer.status, answer.reason) == (503, "GatewayStopping")
            assert answer.header("retry-after") == "1"
            assert seconds() - begun < READINESS_SECONDS + 0.3


async def test_listens_end_with_their_result_also_those_that_come_late() -> None:
    async with (
        serving() as (made, upstream),
        listening(made.port, TOOLS, 5) as client,
        stopping(made),
        listening(made.port, TOOLS, 6) as late,
    ):
        await upstream.endpoint.changed()
        for each in (client, late):
            assert (await each.hears())["method"].endswith("list_changed")
            message = await each.hears()
            assert message["id"] == each.request_id
            assert message["result"]["resultType"] == "complete"
            assert await each.client.event() == b""
            assert await each.client.reader.read() == b""
        await until(lambda: not upstream.endpoint.listens, "the endpoint is left")


async def test_a_listen_that_waits_for_its_acknowledgement_is_refused() -> None:
    async def never(received: Received, peer: Peer) -> None:
        await peer.gone.wait()

    async with (
        serving({"subscriptions/listen": never}, QUICK) as (made, upstream),
        connected(made.port) as client,
    ):
        await client.send(listen(TOOLS, "early"))
        await until(lambda: bool(upstream.server.of("subscriptions/listen")), "it is asked")
        async with stopping(made):
            answer = await client.answer()
            assert (answer.status, answer.reason) == (503, "ListenEnded")
            assert answer.message["id"] == "early"


@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_a_call_that_streams_goes_on_to_its_answer(era: str) -> None:
    async def streams(received: Received, peer: Peer) -> None:
        await peer.stream()
        for _ in range(6):
            await peer.event(PROGRESS)
            await asyncio.sleep((READINESS_SECONDS + 0.5 * DRAIN_SECONDS) / 6)
        await peer.event(result(received, {"text": "all of it"}))
        await peer.chunk(b"")

    async with serving({"streams": streams}) as (made, _), session(made.port) as caller:
        if era == "legacy":
            client = await begin(caller, call("s", "streams"))
        else:
            client = caller.client
            await client.send(modern("tools/call", "s", name="streams", arguments={}))
        assert (await client.head()).status == 200
        async with stopping(made):
            await until_draining(made)
            heard = [await client.event_message() for _ in range(7)]
            assert [each.get("method") for each in heard[:-1]] == [PROGRESS["method"]] * 6
            assert heard[-1] == {"jsonrpc": "2.0", "id": "s", "result": {"text": "all of it"}}
            assert await client.event() == b""

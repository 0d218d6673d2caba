"""Readiness fails at once; for a while everything is served on, each connection one last time."""

import asyncio

from fakes.honest_endpoint import result
from fakes.honest_session import open_session, session
from fakes.in_process_gateway import page, until
from fakes.raw_http import RawClient, call, connected, initialize, modern, post, request
from fakes.scripted_upstream import Peer, Received
from integration.stopping.stops import (
    CLOCK_SECONDS,
    PROGRESS,
    READINESS_SECONDS,
    seconds,
    serving,
    stopping,
    until_draining,
)


async def streams(received: Received, peer: Peer) -> None:
    await peer.stream()
    await peer.event(PROGRESS)
    await peer.event(result(received, {}))
    await peer.chunk(b"")


async def closes(client: RawClient) -> None:
    """The gateway ends the connection by itself."""
    async with asyncio.timeout(2):
        assert await client.reader.read() == b""


async def test_readiness_fails_at_once_and_new_connections_are_served_for_a_while() -> None:
    async with serving({"streams": streams}) as (made, _):
        assert (await page(made, "/readyz"))[0] == 200
        begun = seconds()
        async with stopping(made):
            status, text = await page(made, "/readyz")
            assert (status, "stopping" in text) == (503, True)
            assert (await page(made, "/healthz"))[0] == 200
            for octets, expected in (
                (post(initialize()), 200),
                (modern("tools/list", 1), 200),
                (modern("tools/call", 1, name="streams", arguments={}), 200),
                (request("GET", path="/nowhere"), 404),
                (b"no HTTP at all\r\n\r\n", 400),
            ):
                async with connected(made.port) as client:
                    await client.send(octets)
                    answer = await client.answer()
                    assert answer.status == expected
                    assert answer.header("connection") == "close", octets
                    await closes(client)
            assert seconds() - begun < READINESS_SECONDS
            await until_draining(made)
            assert READINESS_SECONDS - CLOCK_SECONDS < seconds() - begun < READINESS_SECONDS + 0.3


async def test_a_kept_connection_is_told_with_its_next_answer() -> None:
    async with serving() as (made, _), session(made.port) as caller, stopping(made):
        answer = await caller.ask(call(1))
        assert answer.header("connection") == "close"
        await closes(caller.client)


async def test_an_answer_that_was_under_way_is_told_too() -> None:
    """Its head is written after the stop began."""
    go_on = asyncio.Event()

    async def waits(received: Received, peer: Peer) -> None:
        await go_on.wait()
        await peer.json(result(received, {"told": received.message["params"]["arguments"]}))

    async with serving({"waits": waits}) as (made, upstream), session(made.port) as caller:
        await caller.client.send(caller.post(call("c", "waits", n=1)))
        await until(lambda: len(upstream.server.of("tools/call")) == 1, "it is under way")
        async with stopping(made):
            await until_draining(made)
            go_on.set()
            answer = await caller.client.answer()
            assert answer.message == {"jsonrpc": "2.0", "id": "c", "result": {"told": {"n": 1}}}
            assert answer.header("connection") == "close"
            await closes(caller.client)


async def test_a_connection_that_promised_to_stay_is_not_closed_under_a_next_request() -> None:
    """The stream's head came before the stop; its client may send again at once."""
    go_on = asyncio.Event()

    async def streams_on(received: Received, peer: Peer) -> None:
        await peer.stream()
        await peer.event(PROGRESS)
        await go_on.wait()
        await peer.event(result(received, {}))
        await peer.chunk(b"")

    async with serving({"streams on": streams_on}) as (made, _), connected(made.port) as client:
        caller = await open_session(client)
        await client.send(caller.post(call("s", "streams on")))
        head = await client.head()
        assert head.header("connection") is None
        async with stopping(made) as stop:
            await until_draining(made)
            go_on.set()
            assert (await client.event_message())["method"] == PROGRESS["method"]
            assert (await client.event_message())["id"] == "s"
            assert await client.event() == b""
            await asyncio.sleep(0.2)
            assert not stop.done()
            assert (await caller.count())["count"] == 1
            await closes(client)


async def test_idle_connections_are_closed_when_it_drains() -> None:
    async with (
        serving() as (made, _),
        session(made.port) as caller,
        connected(made.port) as silent,
    ):
        begun = seconds()
        async with stopping(made):
            await closes(silent)
            await closes(caller.client)
        assert READINESS_SECONDS - CLOCK_SECONDS < seconds() - begun < READINESS_SECONDS + 2

"""Requests in a row on one connection: answered in order, bounded, never mixed with each other."""

import asyncio
import random

import pytest

from fakes.honest_endpoint import HonestEndpoint, honest_upstreams, never_answer, result
from fakes.honest_session import open_session, session, untouched
from fakes.in_process_gateway import gateway, refusals, table_of, until, urls_of
from fakes.raw_http import call, connected, message, request
from fakes.scripted_upstream import Peer, Received

PROGRESS = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": 1}}


async def test_answers_come_in_the_order_of_their_requests() -> None:
    dice = random.Random(1)

    async def sometimes_slow(request: Received, peer: Peer) -> None:
        await asyncio.sleep(dice.choice((0, 0, 0.001, 0.003)))
        await peer.json(result(request, {}))

    async with (
        honest_upstreams(on={"any": sometimes_slow}) as (upstream,),
        gateway(table_of(urls_of([upstream]))) as made,
        session(made.port) as caller,
    ):
        asked = range(1, 401)
        octets = b"".join(caller.post(call(n, "any")) for n in asked)

        async def send() -> None:
            # Pieces of any size, so that requests arrive at every moment of the others' ends.
            start = 0
            while start < len(octets):
                size = dice.randrange(1, 4000)
                await caller.client.send(octets[start : start + size])
                start += size
                await asyncio.sleep(dice.choice((0, 0, 0.0005)))

        sending = asyncio.create_task(send())
        answered = [(await caller.client.answer()).message["id"] for _ in asked]
        await sending
        assert answered == list(asked)
        assert [r.message["id"] for r in upstream.server.of("tools/call")] == list(asked)


async def test_a_client_that_pipelines_without_end_is_not_read_any_further() -> None:
    async with (
        honest_upstreams(on={"hangs": never_answer}) as (upstream,),
        gateway(table_of(urls_of([upstream]))) as made,
        connected(made.port) as client,
        untouched(made.port),
    ):
        caller = await open_session(client)
        await client.send(caller.post(call(1, "hangs")))
        await until(lambda: upstream.server.of("tools/call"), "the first one runs")
        # Every piece ends within a request, as if the client were only slow.
        flood = caller.post(call(2, "count", text="a" * 300_000))
        sent = 0

        async def flood_on() -> None:
            nonlocal sent
            while True:
                await client.send(flood[7:] + flood[:7])
                sent += len(flood)

        await client.send(flood[:7])
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await flood_on()
        # 4 MiB may wait and 4 MiB be half there; the rest is in the kernel's buffers.
        assert sent < 24 * 1024 * 1024


async def test_what_waits_is_answered_before_the_refusal_of_what_follows() -> None:
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream]))) as made,
        session(made.port) as caller,
    ):
        good = b"".join(caller.post(call(n)) for n in (1, 2, 3))
        await caller.client.send(good + b"NONSENSE\r\n\r\n" + caller.post(call(4)))
        assert [(await caller.client.answer()).message["id"] for _ in range(3)] == [1, 2, 3]
        refused = await caller.client.answer()
        assert (refused.status, refused.reason) == (400, "MalformedHead")
        await caller.client.closed()
        assert len(upstream.server.of("tools/call")) == 3
        assert await refusals(made) == {"MalformedHead": 1}


async def test_leave_to_send_a_body_is_not_written_into_a_running_answer() -> None:
    go_on = asyncio.Event()

    async def streams(request: Received, peer: Peer) -> None:
        await peer.stream()
        await peer.event(PROGRESS)
        await go_on.wait()
        await peer.event(result(request, {}))
        await peer.chunk(b"")

    async with (
        honest_upstreams(on={"streams": streams}) as (upstream,),
        gateway(table_of(urls_of([upstream]))) as made,
        session(made.port) as caller,
    ):
        client = caller.client
        await client.send(caller.post(call(1, "streams")))
        assert (await client.head()).status == 200
        assert await client.event_message() == PROGRESS
        next_one = caller.post(call(2), "Expect: 100-continue")
        head, _, body = next_one.partition(b"\r\n\r\n")
        await client.send(head + b"\r\n\r\n")
        await asyncio.sleep(0.05)
        go_on.set()
        assert (await client.event_message())["id"] == 1
        assert await client.event() == b""
        # Its turn has come.
        assert (await client.head()).status == 100
        await client.send(body)
        assert (await client.answer()).message["id"] == 2


async def test_the_refusal_of_head_has_no_body_for_the_next_answer_to_follow() -> None:
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream]))) as made,
        session(made.port) as caller,
    ):
        client = caller.client
        await client.send(request("HEAD") + caller.post(call(1)))
        refused = await client.head()
        assert refused.status == 405
        assert refused.header("allow") == "GET, POST, DELETE"
        assert (await client.answer()).message["id"] == 1


async def test_a_client_gone_with_requests_waiting_leaves_none_running() -> None:
    async with (
        honest_upstreams(on={"hangs": never_answer}) as (upstream,),
        gateway(table_of(urls_of([upstream]))) as made,
        untouched(made.port),
    ):

        def hung_peer() -> Peer:
            number = upstream.server.of("tools/call")[0].connection
            return next(peer for peer in upstream.server.peers if peer.number == number)

        async with session(made.port) as caller:
            await caller.client.send(b"".join(caller.post(call(n, "hangs")) for n in range(5)))
            await until(lambda: upstream.server.of("tools/call"), "the first one runs")
            caller.client.reset()
        await until(lambda: hung_peer().gone.is_set(), "the endpoint notices")
        await asyncio.sleep(0.05)
        hung = [r for r in upstream.server.of("tools/call") if b"hangs" in r.body]
        assert [r.message["id"] for r in hung] == [0]


async def test_a_batch_of_notifications_between_calls_keeps_its_place() -> None:
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream]))) as made,
        session(made.port) as caller,
    ):
        endpoint: HonestEndpoint = upstream.endpoint
        note = caller.post(message("notifications/progress", progress=1))
        await caller.client.send(caller.post(call(1)) + note + caller.post(call(2)))
        statuses = [(await caller.client.answer()).status for _ in range(3)]
        assert statuses == [200, 202, 200]
        assert endpoint.sessions[next(iter(endpoint.sessions))] == 2

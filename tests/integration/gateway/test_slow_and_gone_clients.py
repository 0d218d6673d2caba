"""Clients that are slow, stall, close half or go away: their end, in time, and nobody else's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.honest_endpoint import HonestUpstream, honest_upstreams, never_answer, result
from fakes.honest_session import Session, open_session, session, untouched
from fakes.in_process_gateway import QUICK, gateway, refusals, table_of, until, urls_of
from fakes.raw_http import (
    Answer,
    RawClient,
    call,
    connected,
    initialize,
    message,
    modern,
    post,
    request,
)
from fakes.scripted_upstream import Behaviour, Peer, Received
from moorage_gateway.process import Gateway
from moorage_gateway.settings import Limits

SHORT = replace(
    QUICK,
    head_seconds=0.3,
    body_idle_seconds=0.3,
    body_seconds=0.8,
    write_stall_seconds=0.5,
)
HASTY = replace(SHORT, keepalive_seconds=1.2)
SLACK_SECONDS = 1.5
"""The sweep comes each half second; the rest is for a busy machine."""
PROGRESS = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": 1}}
MIB = 1024 * 1024


async def large_answer(request: Received, peer: Peer) -> None:
    await peer.json(result(request, {"text": "a" * 8 * MIB}))


async def large_modern_answer(request: Received, peer: Peer) -> None:
    await peer.json(result(request, {"text": "a" * (3 * MIB + 500_000)}))


async def streams_then_waits(request: Received, peer: Peer) -> None:
    await peer.stream()
    await peer.event(PROGRESS)
    await peer.gone.wait()


async def answers_later(request: Received, peer: Peer) -> None:
    await asyncio.sleep(0.3)
    await peer.json(result(request, {}))


async def streams_later(request: Received, peer: Peer) -> None:
    await peer.stream()
    await peer.event(PROGRESS)
    await asyncio.sleep(0.3)
    await peer.event(result(request, {}))
    await peer.chunk(b"")


BEHAVIOURS: dict[str, Behaviour] = {
    "large": large_answer,
    "prompts/list": large_modern_answer,
    "hangs": never_answer,
    "streams": streams_then_waits,
    "answers later": answers_later,
    "streams later": streams_later,
}


@asynccontextmanager
async def serving(limits: Limits = SHORT) -> AsyncIterator[tuple[Gateway, HonestUpstream]]:
    async with (
        honest_upstreams(on=BEHAVIOURS) as (upstream,),
        gateway(table_of(urls_of([upstream])), limits) as made,
        untouched(made.port),
    ):
        yield made, upstream


def seconds() -> float:
    return asyncio.get_running_loop().time()


# Slow senders


@pytest.mark.parametrize("drips", [True, False])
@pytest.mark.parametrize(
    ("sent_bytes", "reason", "limit_seconds"),
    [(1, "HeadTimeout", 0.3), (60, "HeadTimeout", 0.3), (-60, "BodyTimeout", 0.8)],
)
async def test_a_half_sent_request_is_refused_in_time(
    sent_bytes: int, reason: str, limit_seconds: float, drips: bool
) -> None:
    whole = post(initialize())
    async with serving() as (made, upstream), connected(made.port) as client:
        begun = seconds()
        await client.send(whole[:sent_bytes])
        if drips:
            rest = whole[sent_bytes:][:40]
            dripping = asyncio.create_task(client.drip(rest, pause_seconds=0.05))
        answer = await client.answer()
        assert (answer.status, answer.reason) == (408, reason)
        assert seconds() - begun < limit_seconds + SLACK_SECONDS
        await client.closed()
        if drips:
            await asyncio.gather(dripping, return_exceptions=True)
        assert await refusals(made) == {reason: 1}
        assert len(upstream.server.of("initialize")) == 1


async def test_half_a_head_behind_an_answered_request_is_refused_in_time_too() -> None:
    async with serving() as (made, _), session(made.port) as caller:
        await caller.client.send(caller.post(call(1)) + b"POST /mcp HT")
        assert (await caller.client.answer()).message["id"] == 1
        begun = seconds()
        assert (await caller.client.answer()).reason == "HeadTimeout"
        assert seconds() - begun < 0.3 + SLACK_SECONDS


async def test_a_dripped_request_that_comes_in_time_is_served() -> None:
    async with serving() as (made, _), session(made.port) as caller:
        await caller.client.drip(caller.post(call(1)), pause_seconds=0.001, piece=3)
        assert (await caller.client.answer()).message["id"] == 1
        assert await refusals(made) == {}


async def test_more_half_sent_requests_of_one_address_than_the_bound_are_refused() -> None:
    limits = replace(QUICK, half_sent_per_address=20)
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream])), limits) as made,
        # It sends whole requests, and so has no part in that bound.
        untouched(made.port),
    ):
        clients = [connected(made.port) for _ in range(25)]
        opened = [await client.__aenter__() for client in clients]
        for client in opened[:20]:
            await client.send(b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        await asyncio.sleep(1.0)
        # A request in two segments is no half-sent one: it has no part in that bound either.
        async with connected(made.port) as honest:
            whole = post(initialize())
            await honest.drip(whole, piece=len(whole) // 2 + 1, pause_seconds=0.02)
            assert (await honest.answer()).status == 200
        for client in opened[20:]:
            await client.send(b"POST /mcp HTTP/1.1\r\n")
        for client in opened[20:]:
            answer = await client.answer()
            assert (answer.status, answer.reason) == (503, "TooManyHalfSentRequests")
            assert answer.header("retry-after") == "1"
        for each in clients:
            await each.__aexit__(None, None, None)


async def test_half_sent_bodies_of_all_clients_have_one_bound_and_are_given_back() -> None:
    limits = replace(QUICK, half_sent_bytes=3_000_000)
    half = (
        request("POST", "Content-Type: application/json", "Content-Length: 1000001") + b"x" * 10**6
    )
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream])), limits) as made,
    ):
        for _ in range(3):
            async with AsyncExitStack() as stack:
                clients = [await stack.enter_async_context(connected(made.port)) for _ in range(4)]
                for client in clients:
                    await client.send(half)
                    await asyncio.sleep(0.1)
                answer = await clients[3].answer()
                assert (answer.status, answer.reason) == (503, "HalfSentBytesExhausted")
            await asyncio.sleep(0.1)


# Slow readers


async def test_a_reader_that_stalls_is_ended_and_its_endpoint_freed() -> None:
    async with serving() as (made, upstream), connected(made.port, receive_bytes=4096) as client:
        caller = await open_session(client)
        await client.send(caller.post(call(1, "large")))
        peer = await _asked(upstream, b'"large"')
        await until(lambda: peer.gone.is_set(), "the endpoint is freed")
        assert await refusals(made) == {"SlowReader": 1}


async def test_a_slow_but_steady_reader_gets_all_of_it_and_leaves_nothing_paused() -> None:
    # Alone, so that the next calls must use the connection that served it.
    async with (
        honest_upstreams(on=BEHAVIOURS) as (upstream,),
        gateway(table_of(urls_of([upstream])), SHORT) as made,
        connected(made.port, receive_bytes=65536) as client,
    ):
        caller = await open_session(client)
        await client.send(caller.post(call(1, "large")))
        head = await client.head()
        assert head.header("transfer-encoding") == "chunked"
        read = 0
        begun = seconds()
        async for chunk in client.chunks():
            read += len(chunk)
            await asyncio.sleep(0.03)
        assert read > 8 * MIB
        assert seconds() - begun > SHORT.write_stall_seconds
        assert await refusals(made) == {}
        before = upstream.server.connections
        async with asyncio.timeout(2):
            assert (await caller.ask(call(2))).message["id"] == 2
        assert upstream.server.connections == before


async def test_the_silence_while_a_client_does_not_read_is_not_the_endpoints() -> None:
    limits = replace(SHORT, write_stall_seconds=5.0)
    async with (
        honest_upstreams(on=BEHAVIOURS) as (upstream,),
        gateway(table_of(urls_of([upstream]), answer_seconds=1), limits) as made,
        connected(made.port, receive_bytes=65536) as client,
    ):
        caller = await open_session(client)
        await client.send(caller.post(call(1, "large")))
        await asyncio.sleep(1.6)
        assert len((await client.answer()).body) > 8 * MIB
        assert await refusals(made) == {}


async def test_large_whole_answers_may_take_longer_than_a_stall() -> None:
    async with serving() as (made, _), connected(made.port, receive_bytes=65536) as client:
        # More than the kernel takes at once: most of it waits in the gateway all the time.
        await client.send(b"".join(modern("prompts/list", n) for n in range(3)))
        begun = seconds()
        for _ in range(3):
            head = await client.head()
            left = int(head.header("content-length") or 0)
            assert left > 3 * MIB
            while left:
                left -= len(await client.reader.readexactly(min(left, 65536)))
                await asyncio.sleep(0.01)
        assert seconds() - begun > 2 * SHORT.write_stall_seconds
        assert await refusals(made) == {}


async def test_an_idle_connection_is_closed_also_after_a_slowly_read_answer() -> None:
    async with serving(HASTY) as (made, _), connected(made.port, receive_bytes=65536) as client:
        caller = await open_session(client)
        await client.send(caller.post(call(1, "large")))
        await client.head()
        async for _ in client.chunks():
            await asyncio.sleep(0.001)
        begun = seconds()
        took = await client.closed() - begun
        assert HASTY.keepalive_seconds - 0.3 < took < HASTY.keepalive_seconds + SLACK_SECONDS


async def test_an_idle_connection_is_closed_after_its_time() -> None:
    async with serving(HASTY) as (made, _), connected(made.port) as client:
        begun = seconds()
        took = await client.closed() - begun
        assert HASTY.keepalive_seconds - 0.3 < took < HASTY.keepalive_seconds + SLACK_SECONDS
        assert await refusals(made) == {}


async def test_a_client_that_does_not_read_its_last_answer_is_not_kept() -> None:
    async with serving() as (made, _), connected(made.port, receive_bytes=2048) as client:
        # HTTP/1.0: the answer ends with the connection, which closes when it has been read.
        await client.send(modern("prompts/list", 1).replace(b"HTTP/1.1", b"HTTP/1.0"))
        await until(lambda: made.status().refused == 1, "it is ended", seconds=4)
        assert await refusals(made) == {"SlowReader": 1}


# Clients that go


GONE_SECONDS = 0.25


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("what", ["hangs", "streams", "GET", "large"])
async def test_a_client_that_goes_frees_its_endpoint_at_once(what: str, how: str) -> None:
    async with serving() as (made, upstream):
        receive_bytes = 4096 if what == "large" else None
        async with connected(made.port, receive_bytes) as client:
            caller = await open_session(client)
            peer = await _ask(caller, what, upstream)
            begun = seconds()
            getattr(client, how)()
        await until(lambda: peer.gone.is_set(), "the endpoint notices")
        assert peer.gone_at - begun < GONE_SECONDS
        assert len([r for r in upstream.server.requests if b'"hangs"' in r.body]) <= 1
        assert await refusals(made) == {}


async def _ask(caller: Session, what: str, upstream: HonestUpstream) -> Peer:
    """Begin an exchange; the endpoint's side of it."""
    octets = caller.bodiless("GET") if what == "GET" else caller.post(call("gone", what))
    await caller.client.send(octets)
    if what in ("streams", "GET"):
        assert (await caller.client.head()).status == 200
    peer = await _asked(upstream, b"GET" if what == "GET" else b'"gone"')
    await asyncio.sleep(0.05)
    return peer


async def _asked(upstream: HonestUpstream, mark: bytes) -> Peer:
    """The endpoint's connection on which a request with that mark came."""

    def numbers() -> list[int]:
        found = [r for r in upstream.server.requests if mark in r.raw_head + r.body]
        return [request.connection for request in found]

    await until(numbers, "the endpoint is asked")
    return next(peer for peer in upstream.server.peers if peer.number == numbers()[0])


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs Linux's /proc/net/tcp")
async def test_the_kernel_asks_after_silent_peers_on_both_sides() -> None:
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream]))) as made,
        session(made.port),
    ):
        for port in (made.port, upstream.server.port):
            await until(lambda port=port: _keep_alive_seconds(port), f"port {port} is watched")
            assert all(0 < seconds <= 60 for seconds in _keep_alive_seconds(port))


def _keep_alive_seconds(port: int) -> list[float]:
    """When the kernel will probe: the gateway's established sockets of that port."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    mine = f":{port:04X}"
    timers = [
        line[5].split(":")
        for line in lines
        if line[3] == "01" and (line[1].endswith(mine) or line[2].endswith(mine))
    ]
    return [int(when, 16) / 100 for kind, when in timers if kind == "02"]


@pytest.mark.parametrize("what", ["count", "answers later", "streams later"])
async def test_a_half_closed_client_still_gets_its_answer(what: str) -> None:
    async with serving() as (made, _), session(made.port) as caller:
        client = caller.client
        await client.send(caller.post(call(1, what)))
        if what == "streams later":
            assert (await client.head()).status == 200
            assert await client.event_message() == PROGRESS
            client.half_close()
            assert (await client.event_message())["id"] == 1
            assert await client.event() == b""
        else:
            client.half_close()
            assert (await _final(client)).message["id"] == 1
        begun = seconds()
        assert await client.closed() - begun < 0.2


async def _final(client: RawClient) -> Answer:
    """The next answer that is no interim one."""
    while True:
        answer = await client.answer()
        if answer.status >= 200:
            return answer


async def test_a_half_closed_client_gets_all_that_it_asked_for() -> None:
    async with serving() as (made, _), session(made.port) as caller:
        note = caller.post(message("notifications/progress", progress=1))
        await caller.client.send(
            caller.post(call(1, "answers later")) + note + caller.post(call(2))
        )
        caller.client.half_close()
        statuses: list[int] = []
        while len(statuses) < 3:
            answer = await caller.client.answer()
            statuses += [answer.status] if answer.status >= 200 else []
        assert statuses == [200, 202, 200]
        await caller.client.closed()

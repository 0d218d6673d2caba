"""Endpoints that send without end or in crumbs: bounded memory and time; others are served on."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fakes.honest_endpoint import HonestUpstream, honest_upstreams
from fakes.honest_session import Session, open_session, session, untouched
from fakes.in_process_gateway import (
    gateway,
    refusals,
    resident_bytes,
    table_of,
    until,
    urls_of,
)
from fakes.raw_http import Answer, call, connected, modern
from fakes.scripted_upstream import Behaviour, Peer, Received
from moorage_gateway.process import Gateway

MIB = 1024 * 1024
OK_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


@asynccontextmanager
async def serving(tool: Behaviour) -> AsyncIterator[tuple[Gateway, HonestUpstream, Session]]:
    async with (
        honest_upstreams(on={"flood": tool, "prompts/list": tool}) as (upstream,),
        gateway(table_of(urls_of([upstream]), answer_seconds=20)) as made,
        connected(made.port, receive_bytes=65536) as client,
        untouched(made.port),
    ):
        yield made, upstream, await open_session(client)


EVENT = b"data: " + b"x" * 993 + b"\n\n"


async def test_a_flood_of_events_waits_for_its_slow_reader_outside_of_the_gateway() -> None:
    peers: list[Peer] = []
    sent = 0

    async def flood(request: Received, peer: Peer) -> None:
        nonlocal sent
        peers.append(peer)
        await peer.stream()
        while True:
            await peer.chunk(EVENT * 10)
            sent += 10

    async with serving(flood) as (_, _, caller):
        before = resident_bytes()
        await caller.client.send(caller.post(call(1, "flood")))
        await until(lambda: peers and not peers[0].sent_all, "the endpoint is paused")
        # Kernel buffers hold some megabytes; what waits in the gateway is one read at most.
        stands_at = -1
        async with asyncio.timeout(10):
            while sent != stands_at:
                stands_at = sent
                await asyncio.sleep(0.3)
        assert resident_bytes() - before < 16 * MIB
        # It reads on, and so does the gateway.
        assert (await caller.client.head()).status == 200
        for _ in range(20_000):
            assert await caller.client.event() == EVENT
        assert sent > stands_at
        caller.client.reset()
        await until(lambda: peers[0].gone.is_set(), "the endpoint notices")


async def trailer_without_end(request: Received, peer: Peer) -> None:
    await peer.send(OK_HEAD + b"2\r\n{}\r\n0\r\nX-Long: ")
    while True:
        await peer.send(b"a" * 65536)


async def trailers_without_end(request: Received, peer: Peer) -> None:
    await peer.send(OK_HEAD + b"2\r\n{}\r\n0\r\n")
    while True:
        await peer.send(b"X-More: 1\r\n" * 4096)


async def extension_without_end(request: Received, peer: Peer) -> None:
    await peer.send(OK_HEAD + b"2;")
    while True:
        await peer.send(b"a" * 65536)


@pytest.mark.parametrize(
    "behaviour",
    [trailer_without_end, trailers_without_end, extension_without_end],
    ids=lambda behaviour: behaviour.__name__,
)
async def test_framing_without_end_is_one_error(behaviour: Behaviour) -> None:
    async with serving(behaviour) as (made, _, caller):
        before = resident_bytes()
        answer = await caller.ask(call("x", "flood"))
        assert (answer.status, answer.reason) == (502, "BadAnswer")
        assert resident_bytes() - before < 8 * MIB
        assert await refusals(made) == {"BadAnswer": 1}


async def test_a_body_without_end_waits_for_its_reader_too() -> None:
    async def flood(request: Received, peer: Peer) -> None:
        await peer.send(OK_HEAD)
        while True:
            await peer.chunk(b"a" * 65536)

    async with serving(flood) as (_, _, caller):
        before = resident_bytes()
        await caller.client.send(caller.post(call(1, "flood")))
        await asyncio.sleep(0.5)
        assert resident_bytes() - before < 16 * MIB


# Crumbs: each byte in a chunk of its own costs the gateway no more than linear time.


def crumbs(octets: bytes) -> bytes:
    return b"".join(b"1\r\n%c\r\n" % octet for octet in octets)


CRUMBS = {
    "a legacy event": (b'data: {"a":"' + b"a" * 300_000 + b'"}\n\n', "text/event-stream"),
    "a modern event": (b'data: {"a":"' + b"a" * 300_000 + b'"}\n\n', "text/event-stream"),
    "a legacy body": (b'{"a":"' + b"a" * 300_000 + b'"}', "text/plain"),
    "a modern body": (b'{"a":"' + b"a" * 300_000 + b'"}', "text/plain"),
}


@pytest.mark.parametrize("name", CRUMBS)
async def test_crumbs_cost_linear_time(name: str) -> None:
    octets, content_type = CRUMBS[name]

    async def crumble(request: Received, peer: Peer) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked"
        await peer.send(head.encode() + b"\r\n\r\n" + crumbs(octets) + b"0\r\n\r\n")

    async with serving(crumble) as (_, _, caller):
        client = caller.client
        request = modern("prompts/list", 7) if "modern" in name else caller.post(call(7, "flood"))
        begun = time.process_time()
        await client.send(request)
        answer: Answer = await client.answer()
        assert answer.body.startswith(octets)
        # 0.3 s on a slow machine; quadratic time took minutes.
        assert time.process_time() - begun < 5


async def test_crumbs_in_a_handshake_do_not_hold_up_the_others() -> None:
    async def crumble(request: Received, peer: Peer) -> None:
        await peer.send(OK_HEAD + crumbs(b"a" * 500_000) + b"0\r\n\r\n")

    async with honest_upstreams(2) as (honest, hostile):
        hostile.server.behaviour = crumble
        table = table_of(urls_of([honest, hostile]))
        begun = time.process_time()
        async with gateway(table, ready=1) as made, session(made.port) as caller:
            for _ in range(20):
                await caller.count()
            assert made.status().groups[0].endpoints[1].state == "verifying"
        assert time.process_time() - begun < 8


async def test_a_request_in_crumbs_takes_no_more_memory_than_its_body() -> None:
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream]))) as made,
        connected(made.port) as client,
    ):
        caller = await open_session(client)
        body = caller.post(call(1, text="a" * 1_000_000)).partition(b"\r\n\r\n")[2]
        head = caller.post(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        pairs = b"".join(
            b"2\r\n%b\r\n" % body[start : start + 2] for start in range(0, len(body) - 1, 2)
        )
        before = resident_bytes()
        await client.send(head + pairs)
        await asyncio.sleep(0.2)
        assert resident_bytes() - before < 12 * MIB
        rest = body[len(body) // 2 * 2 :]
        await client.send((b"%x\r\n%b\r\n" % (len(rest), rest) if rest else b"") + b"0\r\n\r\n")
        assert (await client.answer()).message["id"] == 1

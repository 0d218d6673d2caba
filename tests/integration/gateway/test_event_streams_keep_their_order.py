"""100,000 events of one stream: none lost, merged or put out of order, their ids sealed."""

import asyncio
import random

import pytest

from fakes.honest_endpoint import honest_upstreams
from fakes.honest_session import session
from fakes.in_process_gateway import gateway, table_of, urls_of
from fakes.raw_http import RawClient, connected, request
from fakes.scripted_upstream import Peer, Received

EVENTS = 100_000
DICE = random.Random(7)


def event(number: int) -> bytes:
    """Of every shape that SSE allows: other line ends, fields in any order, lines of data."""
    shape = number % 5
    end = (b"\n", b"\n", b"\r\n", b"\n", b"\r\n")[shape]
    lines = [b"id: %d" % number, b'data: {"n":%d}' % number]
    if shape == 1:
        lines.reverse()
    elif shape == 3:
        lines = [
            b": note",
            b"event: message",
            b"id:%d" % number,
            b'data: {"n":',
            b"data:%d}" % number,
        ]
    return end.join(lines) + end + end


def numbers_in(block: bytes) -> tuple[bytes, int]:
    """Sealed id and number of one event."""
    event_id = data = b""
    for line in block.splitlines():
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"id":
            event_id = value
        elif name == b"data":
            data += value
    return event_id, int(data.removeprefix(b'{"n":').removesuffix(b"}"))


async def read_all(client: RawClient, count: int) -> list[tuple[bytes, int]]:
    """So many events, whatever pieces they come in."""
    found: list[tuple[bytes, int]] = []
    held = b""
    while len(found) < count:
        async with asyncio.timeout(30):
            held += await client.chunk()
        *blocks, held = held.replace(b"\r\n", b"\n").split(b"\n\n")
        found += [numbers_in(block) for block in blocks]
    assert held == b""
    return found


@pytest.mark.parametrize("cut", ["as written", "anywhere"])
async def test_every_event_arrives_once_in_its_place_with_an_id_of_its_own(cut: str) -> None:
    resumed: list[str] = []

    async def streams(request: Received, peer: Peer) -> None:
        resumed.append(request.headers.get("last-event-id", ""))
        await peer.stream()
        first = int(resumed[-1] or -1) + 1
        held = b""
        for number in range(first, EVENTS):
            held += event(number)
            if cut == "as written" or len(held) > DICE.randrange(1, 60_000):
                at = len(held) if cut == "as written" else DICE.randrange(1, len(held))
                await peer.chunk(held[:at])
                held = held[at:]
        if held:
            await peer.chunk(held)
        await peer.gone.wait()

    async with (
        honest_upstreams(on={"GET": streams}) as (upstream,),
        gateway(table_of(urls_of([upstream]))) as made,
        session(made.port) as caller,
    ):
        await caller.client.send(caller.bodiless("GET"))
        assert (await caller.client.head()).status == 200
        found = await read_all(caller.client, EVENTS)
        assert [number for _, number in found] == list(range(EVENTS))
        assert len({event_id for event_id, _ in found}) == EVENTS
        assert not any(event_id.isdigit() for event_id, _ in found)
        # Any of them resumes right behind itself.
        caller.client.close()
        await resumes(made.port, caller.lines, found[EVENTS - 10][0])
        assert resumed == ["", str(EVENTS - 10)]


async def resumes(port: int, lines: tuple[str, str], event_id: bytes) -> None:
    async with connected(port) as client:
        accept = "Accept: text/event-stream"
        line = f"Last-Event-ID: {event_id.decode()}"
        await client.send(request("GET", accept, *lines, line))
        assert (await client.head()).status == 200
        found = await read_all(client, 9)
        assert [number for _, number in found] == list(range(EVENTS - 9, EVENTS))

"""Every single-bit change of many capsules of each kind, sent over HTTP to a whole gateway.

`PYTHONPATH=tests python -m failure.capsule_flips [--capsules 1000] [--kind session …]`

Requests go pipelined over kept-alive connections through the real listener, parser, checks and
stories; what they would reach is a counting endpoint. Every answer must equal, byte for byte, the
one that this kind's unknown gets, and nothing may reach the endpoint (an event id resumes nothing:
its request does, without the id). Ends with 1 when anything else was seen.
"""

import argparse
import asyncio
import base64
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from itertools import islice

import uvloop

from fakes.honest_endpoint import HonestUpstream, honest_upstreams, result
from fakes.honest_session import Session, open_session
from fakes.in_process_gateway import RING, gateway, table_of, urls_of
from fakes.raw_http import RawClient, call, connected, initialize, modern, post
from fakes.scripted_upstream import Behaviour, Peer, Received
from moorage_contract.route_table import SessionRules
from moorage_gateway.process import Gateway
from moorage_wire.capsules import KeyRing

IN_A_ROW = 16
AT_ONCE = 16
KINDS = ("session", "state", "cursor", "task", "event")

Carrier = Callable[[str], bytes]
"""From a capsule's text to the request that carries it."""


@dataclass
class Tally:
    """What became of one kind's changes."""

    kind: str
    capsules: int = 0
    changes: int = 0
    outside_of_the_alphabet: int = 0
    """Of these: no header value any more, answered with 400."""
    unlike_the_unknown: int = 0
    reached_the_endpoint: int = 0
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        return not (self.unlike_the_unknown or self.reached_the_endpoint)


def flips(text: str) -> Iterator[str]:
    """All texts that differ from this one in one bit of its ASCII form."""
    for place, character in enumerate(text):
        for bit in range(8):
            yield text[:place] + chr(ord(character) ^ 1 << bit) + text[place + 1 :]


def can_be_carried(kind: str, text: str) -> bool:
    """Whether it may be the value of its header: blanks around it fall off."""
    value = text.strip(" \t")
    if kind == "event":
        value = value.replace("\t", "").replace(" ", "")
    return value.isascii() and value.isprintable() and " " not in value


class Workbench:
    """One gateway, one endpoint, one session, and the requests that carry capsules."""

    def __init__(self, made: Gateway, upstream: HonestUpstream, session: Session) -> None:
        self.made = made
        self.upstream = upstream
        self.session = session
        self.carriers: dict[str, Carrier] = {
            "session": self._as_session,
            "state": _as_state,
            "cursor": _as_cursor,
            "task": _as_task,
            "event": self._as_event,
        }

    def _as_session(self, text: str) -> bytes:
        line = f"Mcp-Session-Id: {text}"
        return post(call(1), line, "MCP-Protocol-Version: 2025-11-25")

    def _as_event(self, text: str) -> bytes:
        return self.session.bodiless("GET", f"Last-Event-ID: {text}")

    async def capsules(self, kind: str, count: int) -> list[str]:
        """So many capsules, as clients get them."""
        if kind == "event":
            return await self._event_ids(count)
        async with connected(self.made.port) as client:
            mint = {"session": _session_id, "state": _state, "cursor": _cursor, "task": _task}[kind]
            return [await mint(client) for _ in range(count)]

    async def _event_ids(self, count: int) -> list[str]:
        self.upstream.endpoint.on["GET"] = tells_events(count)
        async with connected(self.made.port) as client:
            await client.send(self.session.bodiless("GET"))
            await client.head()
            events = [await client.event() for _ in range(count)]
        self.upstream.endpoint.on["GET"] = refuses_streams
        return [event.partition(b"\n")[0].removeprefix(b"id: ").decode() for event in events]

    def reached(self) -> int:
        """How many requests with the client's text in them reached the endpoint lately."""
        seen = self.upstream.server.requests
        wrong = [r for r in seen if r.method != "GET" or "last-event-id" in r.headers]
        seen.clear()
        return len(wrong)


async def _session_id(client: RawClient) -> str:
    await client.send(post(initialize()))
    return str((await client.answer()).header("mcp-session-id"))


async def _state(client: RawClient) -> str:
    await client.send(modern("tools/call", 1, name="ask", arguments={}))
    return str((await client.answer()).message["result"]["requestState"])


async def _cursor(client: RawClient) -> str:
    await client.send(modern("prompts/list", 1))
    return str((await client.answer()).message["result"]["nextCursor"])


async def _task(client: RawClient) -> str:
    await client.send(modern("tools/call", 1, name="work", arguments={}))
    return str((await client.answer()).message["result"]["taskId"])


def _as_state(text: str) -> bytes:
    return modern("tools/call", 1, name="ask", arguments={}, requestState=text)


def _as_cursor(text: str) -> bytes:
    return modern("prompts/list", 1, cursor=text)


def _as_task(text: str) -> bytes:
    encoded = base64.b64encode(text.encode()).decode()
    return modern("tasks/get", 1, taskId=text, mirrored=f"=?base64?{encoded}?=")


def gives(member: str, value: str) -> Behaviour:
    """A modern result with something to seal."""

    async def behave(request: Received, peer: Peer) -> None:
        await peer.json(result(request, {"resultType": "complete", member: value}))

    return behave


def tells_events(count: int) -> Behaviour:
    """A GET stream of so many events with ids."""

    async def behave(request: Received, peer: Peer) -> None:
        await peer.stream()
        for number in range(count):
            await peer.event({"jsonrpc": "2.0", "method": "m"}, f"event-{number}")
        await peer.gone.wait()

    return behave


async def refuses_streams(request: Received, peer: Peer) -> None:
    await peer.answer(405, b"")


@asynccontextmanager
async def workbench(ring: KeyRing = RING) -> AsyncIterator[Workbench]:
    """Everything that the changes need."""
    on = {
        "ask": gives("requestState", "step-1"),
        "work": gives("taskId", "task-7"),
        "prompts/list": gives("nextCursor", "page 2"),
        "GET": refuses_streams,
    }
    async with honest_upstreams(on=on) as (upstream,):
        table = table_of(urls_of([upstream]), sessions=SessionRules(per_pod=100_000))
        async with gateway(table, ring=ring) as made, connected(made.port) as client:
            bench = Workbench(made, upstream, await open_session(client))
            bench.reached()
            yield bench


async def change_all(bench: Workbench, kind: str, capsules: Iterable[str]) -> Tally:
    """Send every change of these capsules."""
    tally = Tally(kind)
    begun = time.perf_counter()
    carrier = bench.carriers[kind]
    async with connected(bench.made.port) as client:
        unknown = await raw_answer(client, carrier("A" * 200))
        for capsule in capsules:
            tally.capsules += 1
            bench.reached()
            await _change_one(bench, client, tally, list(flips(capsule)), unknown)
            tally.reached_the_endpoint += bench.reached()
    tally.seconds = round(time.perf_counter() - begun, 1)
    return tally


async def _change_one(
    bench: Workbench, client: RawClient, tally: Tally, texts: list[str], unknown: bytes
) -> None:
    carrier = bench.carriers[tally.kind]
    tally.changes += len(texts)
    if tally.kind in ("session", "event"):
        outside = [text for text in texts if not can_be_carried(tally.kind, text)]
        texts = [text for text in texts if can_be_carried(tally.kind, text)]
        tally.outside_of_the_alphabet += len(outside)
        tally.unlike_the_unknown += await refused_apart(bench, map(carrier, outside))
    requests = map(carrier, texts)
    while batch := list(islice(requests, IN_A_ROW)):
        await client.send(b"".join(batch))
        answers = await client.reader.readexactly(len(batch) * len(unknown))
        if answers != unknown * len(batch):
            tally.unlike_the_unknown += len(batch)


async def refused_apart(bench: Workbench, requests: Iterable[bytes]) -> int:
    """Send what no parser may take; how many were not answered with 400 and an end."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def send(octets: bytes) -> bool:
        async with slots, connected(bench.made.port) as client:
            await client.send(octets)
            return (await client.answer()).status != 400

    return sum(await asyncio.gather(*map(send, requests)))


async def raw_answer(client: RawClient, octets: bytes) -> bytes:
    """One answer with a length, byte for byte."""
    await client.send(octets)
    head = await client.reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return head + await client.reader.readexactly(length)


async def run(kinds: Iterable[str], capsules: int) -> bool:
    """All of it; prints one line per kind."""
    clean = True
    async with workbench() as bench:
        for kind in kinds:
            tally = await change_all(bench, kind, await bench.capsules(kind, capsules))
            print(json.dumps(asdict(tally)), flush=True)
            clean = clean and tally.is_clean
    return clean


def main() -> None:
    parser = argparse.ArgumentParser(prog="failure.capsule_flips")
    parser.add_argument("--capsules", type=int, default=1000)
    parser.add_argument("--kind", action="append", choices=KINDS)
    arguments = parser.parse_args()
    sys.exit(0 if uvloop.run(run(arguments.kind or KINDS, arguments.capsules)) else 1)


if __name__ == "__main__":
    main()

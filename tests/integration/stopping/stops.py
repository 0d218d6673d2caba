"""A gateway in the middle of its stop, and clients that are there to see it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

from fakes.honest_endpoint import HonestUpstream, honest_upstreams
from fakes.honest_session import Session, session
from fakes.in_process_gateway import QUICK, gateway, table_of, until, urls_of
from fakes.raw_http import RawClient, connected
from fakes.scripted_upstream import Behaviour
from moorage_gateway.process import Gateway
from moorage_gateway.settings import Limits

READINESS_SECONDS = 0.2
CLOCK_SECONDS = 0.02
"""The loop's clock stands still within one of its turns."""
DRAIN_SECONDS = 0.7
STOPS = replace(QUICK, readiness_seconds=READINESS_SECONDS, drain_seconds=DRAIN_SECONDS)
PROGRESS = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": 1}}


def seconds() -> float:
    return asyncio.get_running_loop().time()


@asynccontextmanager
async def serving(
    on: Mapping[str, Behaviour] | None = None, limits: Limits = STOPS
) -> AsyncIterator[tuple[Gateway, HonestUpstream]]:
    """A gateway over one endpoint; whoever leaves it serving has it stopped."""
    async with (
        honest_upstreams(on=on) as (upstream,),
        gateway(table_of(urls_of([upstream])), limits) as made,
    ):
        yield made, upstream


@asynccontextmanager
async def stopping(made: Gateway) -> AsyncIterator[asyncio.Task[None]]:
    """A stop under way; it is over at the end of this."""
    task = asyncio.create_task(made.stop())
    await asyncio.sleep(0)
    try:
        yield task
    finally:
        await task


async def until_draining(made: Gateway) -> None:
    """The listener is closed: readiness has failed long enough."""

    async def refused() -> bool:
        try:
            async with connected(made.port):
                return False
        except ConnectionError:
            return True

    deadline = seconds() + 2
    while not await refused():
        assert seconds() < deadline
        await asyncio.sleep(0.01)


@asynccontextmanager
async def stream_of(made: Gateway, upstream: HonestUpstream) -> AsyncIterator[RawClient]:
    """The GET stream of a session, whose endpoint's side is in `upstream.endpoint.streams`."""
    before = len(upstream.endpoint.streams)
    async with session(made.port) as caller, connected(made.port) as client:
        await client.send(caller.bodiless("GET"))
        assert (await client.head()).status == 200
        await until(lambda: len(upstream.endpoint.streams) > before, "the stream is open")
        yield client


async def begin(caller: Session, body: object) -> RawClient:
    """Send a call, without waiting for what comes."""
    await caller.client.send(caller.post(body))
    return caller.client

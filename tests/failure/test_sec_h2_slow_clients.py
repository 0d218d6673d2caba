"""Hundreds of clients that send or read as slowly as they can cost an honest one next to nothing.

The benchmark `slow` has the large form of it.
"""

import asyncio
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import replace

from fakes.honest_endpoint import honest_upstreams, result
from fakes.honest_session import Session, open_session, session
from fakes.in_process_gateway import QUICK, gateway, refusals, table_of, urls_of
from fakes.raw_http import RawClient, call, connected, initialize, post
from fakes.scripted_upstream import Peer, Received
from moorage_contract.route_table import SessionRules

OF_EACH = 100
HONEST_SECONDS = 2.0
ROOMY = SessionRules(per_pod=1000)
LIMITS = replace(QUICK, head_seconds=1.0, body_idle_seconds=1.0, write_stall_seconds=1.0)


async def large(request: Received, peer: Peer) -> None:
    await peer.json(result(request, {"text": "a" * 600_000}))


async def latencies(caller: Session, seconds: float) -> list[float]:
    """How long each call took, call after call."""
    took = []
    ends_at = time.perf_counter() + seconds
    while (begun := time.perf_counter()) < ends_at:
        await caller.count()
        took.append(time.perf_counter() - begun)
    return sorted(took)


def p99(took: list[float]) -> float:
    return took[len(took) * 99 // 100]


async def drip_on(client: RawClient, octets: bytes) -> None:
    """Send a byte now and then until the gateway has enough of it."""
    with suppress(ConnectionError):
        await client.drip(octets, pause_seconds=0.2)


async def test_an_honest_client_hardly_notices_hundreds_of_slow_ones() -> None:
    async with (
        honest_upstreams(on={"large": large}) as (upstream,),
        gateway(table_of(urls_of([upstream]), sessions=ROOMY), LIMITS) as made,
        session(made.port) as honest,
        AsyncExitStack() as stack,
    ):
        alone = p99(await latencies(honest, 0.5))

        async def slow(receive_bytes: int | None = None) -> RawClient:
            return await stack.enter_async_context(connected(made.port, receive_bytes))

        dripping = []
        for _ in range(OF_EACH):
            whole = post(initialize())
            in_head, in_body = await slow(), await slow()
            await in_body.send(whole[:-100])
            dripping.append(asyncio.create_task(drip_on(in_head, whole)))
            dripping.append(asyncio.create_task(drip_on(in_body, whole[-100:])))
            reader = await open_session(await slow(receive_bytes=2048))
            await reader.client.send(b"".join(reader.post(call(n, "large")) for n in range(9)))
        beside = p99(await latencies(honest, HONEST_SECONDS))
        for task in dripping:
            task.cancel()
        await asyncio.gather(*dripping, return_exceptions=True)
        assert beside - alone < 0.05
        # Each of them met its own bound.
        found = await refusals(made)
        assert found["HeadTimeout"] == OF_EACH
        assert found["SlowReader"] == OF_EACH
        assert found.get("BodyTimeout", 0) == 0  # they drip in time, until their whole time is up
        assert len(upstream.server.of("initialize")) <= 1 + 2 * OF_EACH

"""After a stop under load no task, no socket and no thread of the gateway is left."""

import asyncio
import os
import threading
from collections import Counter
from contextlib import AsyncExitStack

import pytest

from fakes.honest_endpoint import honest_upstreams, never_answer, result
from fakes.honest_session import open_session, session
from fakes.in_process_gateway import RING, endpoints_of, table_of, until_ready, urls_of
from fakes.raw_http import RawClient, call, connected, modern, post, request
from fakes.scripted_upstream import Peer, Received
from integration.listens.listeners import TOOLS, listening
from integration.stopping.stops import PROGRESS, STOPS
from moorage_contract.route_table import Group, Route, RouteTable
from moorage_gateway.process import Gateway
from moorage_gateway.settings import GatewaySettings, Limits

Left = tuple[Counter[str], Counter[str], Counter[str]]


def what_is_there() -> Left:
    """Tasks, sockets and threads of this process, but those of the endpoints and of the loop."""
    coroutines = [getattr(task.get_coro(), "__qualname__", "?") for task in asyncio.all_tasks()]
    tasks = Counter(name for name in coroutines if not name.startswith("Peer."))
    sockets: Counter[str] = Counter()
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            sockets[os.readlink(f"/proc/self/fd/{descriptor}").partition(":")[0]] += 1
        except FileNotFoundError:
            continue  # it was that of the listing itself
    names = [thread.name for thread in threading.enumerate()]
    threads = Counter(name for name in names if not name.startswith(("asyncio_", "uvloop_")))
    return tasks, sockets, threads


def more_than(before: Left, after: Left) -> list[Counter[str]]:
    return [now - then for then, now in zip(before, after, strict=True)]


async def streams_for_ever(received: Received, peer: Peer) -> None:
    await peer.stream()
    await peer.event(PROGRESS)
    await peer.gone.wait()


async def streams_half_an_event(received: Received, peer: Peer) -> None:
    await peer.stream()
    await peer.chunk(b"data: {")
    await peer.gone.wait()


async def answers_late(received: Received, peer: Peer) -> None:
    await asyncio.sleep(0.5)
    await peer.json(result(received, {}))


BEHAVIOURS = {
    "hangs": never_answer,
    "streams": streams_for_ever,
    "half": streams_half_an_event,
    "late": answers_late,
}


async def load(port: int, stack: AsyncExitStack) -> None:
    """Clients of every kind, in the middle of something."""
    for name in BEHAVIOURS:
        caller = await stack.enter_async_context(session(port))
        await caller.client.send(caller.post(call(1, name)))
        client = await enter(stack, port)
        await client.send(modern("tools/call", 1, name=name, arguments={}))
    caller = await stack.enter_async_context(session(port))
    await (await enter(stack, port)).send(caller.bodiless("GET"))
    for number in range(3):
        await stack.enter_async_context(listening(port, TOOLS, number))
    await open_session(await enter(stack, port), "/mcp")
    http_sse = await enter(stack, port)
    await http_sse.send(request("GET", "Accept: text/event-stream", path="/mcp"))
    assert b"event: endpoint" in await after_head(http_sse)
    await (await enter(stack, port)).send(post(call(1))[:-3])
    await enter(stack, port)


async def enter(stack: AsyncExitStack, port: int) -> RawClient:
    return await stack.enter_async_context(connected(port))


async def after_head(client: RawClient) -> bytes:
    assert (await client.head()).status == 200
    return await client.event()


async def test_nothing_is_left_of_a_stop_under_load() -> None:
    async with honest_upstreams(2, on=BEHAVIOURS) as upstreams, AsyncExitStack() as clients:
        before = what_is_there()
        read_end, write_end = os.pipe()
        made = Gateway(
            GatewaySettings(listen_port=0, admin_port=0, limits=STOPS, access_log=write_end), RING
        )
        await made.start(with_a_dead_endpoint(urls_of(upstreams)))
        await until_ready(made, 2)
        await load(made.port, clients)
        # One endpoint leaves the table while exchanges with it still run.
        made.apply(table_of(urls_of(upstreams)[:1]))
        begun = asyncio.get_running_loop().time()
        await made.stop()
        lasted = asyncio.get_running_loop().time() - begun
        assert lasted < STOPS.readiness_seconds + STOPS.drain_seconds + 3.5
        await made.stop()  # once more is no more
        await clients.aclose()
        for descriptor in (read_end, write_end):
            os.close(descriptor)
        await asyncio.sleep(0.1)
        for upstream in upstreams:
            assert upstream.server.open_peers == []
        assert not any(more_than(before, what_is_there())), more_than(before, what_is_there())


def with_a_dead_endpoint(urls: list[str]) -> RouteTable:
    """Beside the group of all others, one whose endpoint is verified in vain for ever."""
    table = table_of(urls)
    dead = Group(name="dead", source="External", endpoints=endpoints_of(["http://127.0.0.1:1/mcp"]))
    return RouteTable(
        gateway=table.gateway,
        routes=(*table.routes, Route(path="/dead", group="dead")),
        groups=(*table.groups, dead),
    )


async def test_a_stop_goes_on_though_who_waits_for_it_is_cancelled() -> None:
    before = what_is_there()
    async with honest_upstreams(1) as upstreams:
        settings = GatewaySettings(
            listen_port=0, admin_port=0, limits=Limits(readiness_seconds=0.5, drain_seconds=0.5)
        )
        gateway = Gateway(settings, RING)
        await gateway.start(table_of(urls_of(upstreams)))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(gateway.stop(), 0.1)
        await gateway.stop()
    tasks, sockets, threads = more_than(before, what_is_there())
    assert not (tasks or sockets["socket"] or threads)

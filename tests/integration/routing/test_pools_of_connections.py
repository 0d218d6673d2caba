"""The connections of one endpoint: the newest idle one first, none too old, none counted twice."""

import asyncio
import errno
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fakes.in_process_gateway import until
from fakes.scripted_upstream import Behaviour, Peer, Received, ScriptedUpstream, upstream
from moorage_contract.route_table import Endpoint
from moorage_gateway.connecting.control_request import ask
from moorage_gateway.connecting.upstream_connection import UpstreamConnection
from moorage_gateway.connecting.upstream_pool import UpstreamPool
from moorage_gateway.errors import (
    AnswerTimeout,
    CapacityError,
    EndpointUnreachable,
    OutcomeUnknown,
)
from moorage_gateway.settings import Limits

IDLE_SECONDS = 4.0


async def ok(request: Received, peer: Peer) -> None:
    await peer.answer(200, b"")


async def hang(request: Received, peer: Peer) -> None:
    await peer.gone.wait()


async def reset(request: Received, peer: Peer) -> None:
    peer.reset()


@asynccontextmanager
async def pool_of(server: ScriptedUpstream, **limits: int) -> AsyncIterator[UpstreamPool]:
    bounds = Limits(idle_connection_seconds=IDLE_SECONDS, **limits)
    pool = UpstreamPool(Endpoint(uid="u", url=server.url), bounds)
    yield pool
    pool.close()
    await until(lambda: pool.open_connections == 0, "no connection is left")


async def idle_at_once(pool: UpstreamPool, count: int) -> None:
    """So many connections that have each carried a whole exchange, one after the other."""
    pinged = pool.bodiless(b"OPTIONS", b"", b"")
    await asyncio.gather(*(ask(pool, pinged, 5) for _ in range(count)))
    assert pool.open_connections == count


def taken(pool: UpstreamPool, now: float) -> UpstreamConnection:
    connection = pool.take_idle(now)
    assert connection is not None
    return connection


async def test_the_newest_idle_connection_is_taken_first() -> None:
    async with upstream(ok) as server, pool_of(server) as pool:
        await idle_at_once(pool, 3)
        now = asyncio.get_running_loop().time()
        since = [taken(pool, now).idle_since for _ in range(3)]
        assert since == sorted(since, reverse=True)
        assert pool.take_idle(now) is None


async def test_one_that_was_idle_for_too_long_is_closed_and_not_lent() -> None:
    async with upstream(ok) as server, pool_of(server) as pool:
        await idle_at_once(pool, 1)
        connection = taken(pool, asyncio.get_running_loop().time())
        pool._reusable(connection)
        assert taken(pool, connection.idle_since + IDLE_SECONDS - 0.01) is connection
        pool._reusable(connection)
        assert pool.take_idle(connection.idle_since + IDLE_SECONDS + 0.01) is None
        await until(lambda: pool.open_connections == 0, "its place is free")
        await until(lambda: not server.open_peers, "the endpoint sees its end")


async def test_the_sweep_closes_the_old_ones_and_keeps_the_young() -> None:
    async with upstream(ok) as server, pool_of(server) as pool:
        await idle_at_once(pool, 3)
        now = asyncio.get_running_loop().time()
        newest, middle, oldest = (taken(pool, now) for _ in range(3))
        for connection, since in ((oldest, 10.0), (middle, 11.0), (newest, 12.0)):
            pool._reusable(connection)
            connection.idle_since = since
        pool.close_idle(11.5 + IDLE_SECONDS)
        await until(lambda: pool.open_connections == 1, "two are closed")
        assert pool.take_idle(12.0) is newest


async def test_one_that_the_endpoint_closed_is_not_lent_and_frees_its_place() -> None:
    async with upstream(ok) as server, pool_of(server, connections_per_endpoint=2) as pool:
        await idle_at_once(pool, 2)
        server.peers[0].close()
        await until(lambda: pool.open_connections == 1, "the closed one is forgotten")
        now = asyncio.get_running_loop().time()
        assert pool.take_idle(now) is not None
        assert pool.take_idle(now) is None
        await pool.connect()
        assert pool.open_connections == 2


@pytest.mark.parametrize("behaviour", [reset, hang])
async def test_one_that_is_lost_in_the_middle_frees_its_place(behaviour: Behaviour) -> None:
    async with upstream(behaviour) as server, pool_of(server) as pool:
        for _ in range(3):
            with pytest.raises((OutcomeUnknown, AnswerTimeout)):
                await ask(pool, pool.bodiless(b"OPTIONS", b"", b""), 0.1)
            await until(lambda: pool.open_connections == 0, "its place is free")
        assert server.connections == 3


async def test_those_that_are_being_opened_count_too() -> None:
    async with upstream(ok) as server, pool_of(server, connections_per_endpoint=2) as pool:
        outcomes = await asyncio.gather(*(pool.connect() for _ in range(3)), return_exceptions=True)
        (refused,) = (each for each in outcomes if isinstance(each, CapacityError))
        assert (refused.reason, refused.retry_after_seconds) == ("EndpointConnectionsExhausted", 1)
        assert pool.open_connections == server.connections == 2


async def test_a_connection_that_could_not_be_opened_takes_no_place() -> None:
    async with upstream(ok) as server, pool_of(server, connections_per_endpoint=1) as pool:
        await server.stop()
        for _ in range(3):
            with pytest.raises(EndpointUnreachable) as refused:
                await pool.connect()
            assert refused.value.reason == "ConnectRefused"
        assert pool.open_connections == 0
        await server.start()
        await pool.connect()
        assert pool.open_connections == 1


async def test_more_idle_ones_than_are_kept_are_closed() -> None:
    async with upstream(ok) as server, pool_of(server, idle_connections_per_endpoint=2) as pool:
        pinged = pool.bodiless(b"OPTIONS", b"", b"")
        await asyncio.gather(*(ask(pool, pinged, 5) for _ in range(5)))
        await until(lambda: pool.open_connections == 2, "the others are closed")
        await until(lambda: len(server.open_peers) == 2, "the endpoint sees their end")


class Held:
    """A behaviour that answers requests to ``/held`` when it is let go on."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def __call__(self, request: Received, peer: Peer) -> None:
        if request.target == "/held":
            await self.go_on.wait()
        await peer.answer(200, b"whole")


async def test_a_lost_one_takes_no_place_among_the_idle() -> None:
    held = Held()
    async with upstream(held) as server, pool_of(server, idle_connections_per_endpoint=1) as pool:
        pinged = pool.bodiless(b"OPTIONS", b"", b"")
        running = asyncio.create_task(ask(pool, pinged.replace(b"/mcp", b"/held"), 5))
        await until(lambda: server.own_requests, "it runs")
        await ask(pool, pinged, 5)
        server.peers[1].close()
        await until(lambda: pool.open_connections == 1, "the idle one is forgotten")
        held.go_on.set()
        await running
        assert pool.take_idle(asyncio.get_running_loop().time()) is not None


async def test_a_retired_pool_lets_its_exchange_end_and_keeps_nothing() -> None:
    held = Held()
    async with upstream(held) as server, pool_of(server) as pool:
        pinged = pool.bodiless(b"OPTIONS", b"", b"")
        running = asyncio.create_task(ask(pool, pinged.replace(b"/mcp", b"/held"), 5))
        await until(lambda: server.own_requests, "it runs")
        await ask(pool, pinged, 5)
        assert pool.open_connections == 2
        pool.retire()
        await until(lambda: pool.open_connections == 1, "the idle one is closed")
        held.go_on.set()
        assert (await running).body == b"whole"
        await until(lambda: pool.open_connections == 0, "the last one is closed")


async def test_closing_ends_running_exchanges_and_says_so() -> None:
    async with upstream(hang) as server, pool_of(server) as pool:
        running = asyncio.create_task(ask(pool, pool.bodiless(b"OPTIONS", b"", b""), 5))
        await until(lambda: server.own_requests, "it runs")
        pool.close()
        with pytest.raises(OutcomeUnknown):
            await running


@pytest.mark.parametrize(
    ("said", "reason", "words"),
    [
        ((errno.EADDRNOTAVAIL, errno.ECONNREFUSED), "ConnectRefused", "refused the connection"),
        ((errno.ENETUNREACH, errno.EHOSTUNREACH), "ConnectFailed", "(Network is unreachable)"),
        ((errno.EMFILE, errno.ENFILE), "GatewaySocketsExhausted", "no socket left"),
    ],
)
async def test_of_what_several_addresses_of_one_name_said_the_most_telling_is_told(
    monkeypatch: pytest.MonkeyPatch, said: tuple[int, int], reason: str, words: str
) -> None:
    left = list(said)
    addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{n}", 1)) for n in (1, 2)]

    async def refuse(*_: object) -> None:
        number = left.pop(0)
        raise OSError(number, os.strerror(number))

    async with upstream(ok) as server, pool_of(server) as pool:
        pool._host = "two-addresses.example"
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
        monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", refuse)
        with pytest.raises((CapacityError, EndpointUnreachable)) as refused:
            await pool.connect()
    assert left == []
    assert refused.value.reason == reason
    assert words in refused.value.message

"""Two gateways that share one key ring over several endpoints; requests alternate between them."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fakes.honest_endpoint import HonestUpstream, honest_upstreams
from fakes.in_process_gateway import QUICK, RING, table_of, until_ready, urls_of
from fakes.raw_http import Answer, connected, modern
from fakes.scripted_upstream import Behaviour
from moorage_contract.route_table import RouteTable
from moorage_gateway.process import Gateway
from moorage_gateway.settings import GatewaySettings
from moorage_wire.capsules import KeyRing

Behaviours = Callable[[str], Mapping[str, Behaviour]]
"""What an endpoint of that name does."""
Params = Mapping[str, Any]


@dataclass
class Replicas:
    """Whoever asks without naming a gateway asks each in its turn."""

    gateways: list[Gateway]
    upstreams: list[HonestUpstream]
    table: RouteTable
    turns: Iterator[int]

    async def ask(
        self,
        method: str,
        params: Params,
        *lines: str,
        at: int | None = None,
        path: str = "/mcp",
    ) -> Answer:
        """One modern request on a connection of its own; its id is always 1."""
        number = next(self.turns) if at is None else at
        async with connected(self.gateways[number].port) as client:
            await client.send(modern(method, 1, *lines, path=path, **params))
            return await client.answer()

    async def result(self, method: str, params: Params) -> Any:
        """The result of a request that is served."""
        answer = await self.ask(method, params)
        assert answer.status == 200 and "result" in answer.message, answer
        return answer.message["result"]

    def apply(self, table: RouteTable) -> None:
        for made in self.gateways:
            made.apply(table)

    @property
    def asked(self) -> int:
        """How many requests of clients have reached endpoints."""
        return sum(len(upstream.server.requests) for upstream in self.upstreams)


@asynccontextmanager
async def replicas(
    behaviours: Behaviours, count: int = 3, clock: Callable[[], float] = time.time
) -> AsyncIterator[Replicas]:
    """Replicas over that many endpoints named e0, e1 …, each with behaviours of its own."""
    async with honest_upstreams(count) as upstreams, AsyncExitStack() as stack:
        for upstream in upstreams:
            upstream.endpoint.on = dict(behaviours(upstream.endpoint.name))
        table = table_of(urls_of(upstreams))
        gateways = [await stack.enter_async_context(replica(table, clock=clock)) for _ in range(2)]
        yield Replicas(gateways, upstreams, table, itertools.cycle((0, 1)))


@asynccontextmanager
async def replica(
    table: RouteTable, ring: KeyRing = RING, clock: Callable[[], float] = time.time
) -> AsyncIterator[Gateway]:
    """One gateway whose capsules live by that clock."""
    settings = GatewaySettings(listen_port=0, admin_port=0, limits=QUICK)
    made = Gateway(settings, ring, clock)
    await made.start(table)
    try:
        await until_ready(made, sum(len(group.endpoints) for group in table.groups))
        yield made
    finally:
        await asyncio.shield(made.stop())

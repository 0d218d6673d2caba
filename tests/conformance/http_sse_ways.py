"""The ways in which HTTP+SSE (2024-11-05) is one of the two ends.

Through the gateway every request goes to the other one of two gateways, so that a client's POSTs
keep reaching the gateway that does not hold its stream; behind them are three replicas.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from conformance.conversation import Transport
from conformance.ways import FIXTURE, GATEWAY_REPLICAS, UPSTREAM_REPLICAS, alternating, fixtures
from fakes import gateway_processes
from fakes.child_process import serving

UPSTREAM_TRANSPORTS = {"/sse": "HttpSse", "/mcp": "StreamableHttp"}
SESSIONS_PER_REPLICA = 2
"""So few that conversations at the same time lie on several replicas."""


@dataclass(frozen=True, slots=True)
class Combination:
    """What the client speaks and, unless it is direct, the path of the upstream's transport."""

    client: Transport
    upstream_path: str | None

    def __str__(self) -> str:
        return f"{self.client} client to {self.upstream_path or 'the server itself'}"


COMBINATIONS = (
    Combination("http-sse", None),
    Combination("http-sse", "/sse"),
    Combination("http-sse", "/mcp"),
    Combination("streamable", "/sse"),
)


@asynccontextmanager
async def open_way(combination: Combination) -> AsyncIterator[str]:
    """The URL that the client is given."""
    if combination.upstream_path is None:
        async with serving(FIXTURE) as server:
            yield server.url("/sse")
    else:
        async with _two_gateways(combination.upstream_path) as url:
            yield url


@asynccontextmanager
async def without_a_gateway() -> AsyncIterator[str]:
    """Each request to the next of three replicas, for contrast."""
    async with fixtures(UPSTREAM_REPLICAS) as replicas, alternating(replicas) as front:
        yield front.url("/sse")


@asynccontextmanager
async def _two_gateways(upstream_path: str) -> AsyncIterator[str]:
    async with fixtures(UPSTREAM_REPLICAS) as replicas:
        endpoints = [replica.url(upstream_path) for replica in replicas]
        source = gateway_processes.urls(endpoints, UPSTREAM_TRANSPORTS[upstream_path])
        async with (
            gateway_processes.gateways(source, GATEWAY_REPLICAS, SESSIONS_PER_REPLICA) as pair,
            alternating(pair) as front,
        ):
            yield front.url()

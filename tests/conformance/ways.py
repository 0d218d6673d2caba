"""The ways from the suite to the fixture server: each yields the URL that the suite is given."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from fakes import gateway_processes
from fakes.child_process import TESTS_ROOT, ServerProcess, serving

FIXTURE = "fakes.conformance_server"
FRONT = "fakes.alternating_front"
UPSTREAM_REPLICAS = 3
GATEWAY_REPLICAS = 2
# Small enough that one run's sessions fill one replica and go on to the next.
SESSIONS_PER_REPLICA = 16

Way = Callable[[], AbstractAsyncContextManager[str]]


@asynccontextmanager
async def direct() -> AsyncIterator[str]:
    """One fixture server and nothing between."""
    async with serving(FIXTURE) as server:
        yield _suite_url(server)


@asynccontextmanager
async def round_robin() -> AsyncIterator[str]:
    """Each request to the next of three replicas: what a load balancer without affinity does."""
    async with fixtures(UPSTREAM_REPLICAS) as replicas, alternating(replicas) as front:
        yield _suite_url(front)


@asynccontextmanager
async def two_gateways() -> AsyncIterator[str]:
    """Each request to the other of two gateways, over three replicas."""
    async with fixtures(UPSTREAM_REPLICAS) as replicas:
        source = gateway_processes.urls([replica.url() for replica in replicas])
        async with (
            gateway_processes.gateways(source, GATEWAY_REPLICAS, SESSIONS_PER_REPLICA) as gateways,
            alternating(gateways) as front,
        ):
            yield _suite_url(front)


@asynccontextmanager
async def stdio_gateway() -> AsyncIterator[str]:
    """One gateway that starts the fixture as a stdio server."""
    command = [sys.executable, "-m", FIXTURE, "--stdio"]
    source = gateway_processes.stdio(command, {"PYTHONPATH": str(TESTS_ROOT)})
    async with gateway_processes.gateways(source) as (gateway,):
        yield _suite_url(gateway)


WAYS: dict[str, Way] = {
    "direct": direct,
    "gateways": two_gateways,
    "stdio": stdio_gateway,
    "round-robin": round_robin,
}


@asynccontextmanager
async def fixtures(replicas: int) -> AsyncIterator[list[ServerProcess]]:
    async with AsyncExitStack() as stack:
        async with asyncio.TaskGroup() as starting:  # each takes a second of one core
            tasks = [
                starting.create_task(stack.enter_async_context(serving(FIXTURE)))
                for _ in range(replicas)
            ]
        yield [task.result() for task in tasks]


@asynccontextmanager
async def alternating(targets: Sequence[ServerProcess]) -> AsyncIterator[ServerProcess]:
    arguments = [word for target in targets for word in ("--target", target.url(""))]
    async with serving(FRONT, *arguments) as front:
        yield front


def _suite_url(server: ServerProcess) -> str:
    return f"http://localhost:{server.port}/mcp"

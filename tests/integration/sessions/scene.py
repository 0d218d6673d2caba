"""The processes of a session test: stateful servers, gateways before them, a TCP balancer in front.

`direct` has one server and no gateway: it checks the rig itself.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from fakes import gateway_processes
from fakes.child_process import ServerProcess, serving

UPSTREAMS = {"stateful": "fakes.stateful_server", "sdk": "fakes.conformance_server"}
UPSTREAM_REPLICAS = 3
GATEWAY_REPLICAS = 2
SPARE_SESSIONS = 1.2
"""Room above an even spread, for sessions that are open while others are opened."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What the clients connect to, and what may be killed."""

    balancer: ServerProcess
    gateways: list[ServerProcess]
    upstreams: list[ServerProcess]

    @property
    def url(self) -> str:
        return self.balancer.url()


@asynccontextmanager
async def direct(upstream: str) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serving(UPSTREAMS[upstream]))
        balancer = await stack.enter_async_context(_balancer([server]))
        yield Scene(balancer, [], [server])


@asynccontextmanager
async def behind_gateways(upstream: str, sessions: int) -> AsyncIterator[Scene]:
    """2 gateways x 3 servers; each server takes about a third of the sessions."""
    async with AsyncExitStack() as stack:
        module = UPSTREAMS[upstream]
        upstreams = [
            await stack.enter_async_context(serving(module)) for _ in range(UPSTREAM_REPLICAS)
        ]
        source = gateway_processes.urls([server.url() for server in upstreams])
        per_pod = round(sessions / UPSTREAM_REPLICAS * SPARE_SESSIONS) + 1
        starting = gateway_processes.gateways(source, GATEWAY_REPLICAS, per_pod)
        gateways = await stack.enter_async_context(starting)
        balancer = await stack.enter_async_context(_balancer(gateways))
        yield Scene(balancer, gateways, upstreams)


@asynccontextmanager
async def _balancer(targets: list[ServerProcess]) -> AsyncIterator[ServerProcess]:
    arguments = [word for target in targets for word in ("--target", f"127.0.0.1:{target.port}")]
    async with serving("fakes.tcp_balancer", *arguments) as balancer:
        yield balancer

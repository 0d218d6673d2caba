"""A TCP balancer that, like a Kubernetes Service, sends new connections to ready gateways only.

Connections that are there stay where they are.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fakes.in_process_gateway import page
from fakes.tcp_balancer import Balancer, ClientHalf
from moorage_gateway.process import Gateway

PROBE_SECONDS = 0.1


class ReadinessBalancer(Balancer):
    """Balances over the gateways whose readiness page said yes when it was last asked."""

    def __init__(self, gateways: Sequence[Gateway]) -> None:
        super().__init__([])
        self._gateways = gateways

    async def follow(self) -> None:
        """Runs until cancelled."""
        while True:
            statuses = [await _status(gateway) for gateway in self._gateways]
            self._targets[:] = [
                ("127.0.0.1", gateway.port)
                for gateway, status in zip(self._gateways, statuses, strict=True)
                if status == 200
            ]
            await asyncio.sleep(PROBE_SECONDS)


async def _status(gateway: Gateway) -> int:
    try:
        return (await page(gateway, "/readyz"))[0]
    except OSError:
        return 0


@asynccontextmanager
async def balanced(gateways: Sequence[Gateway]) -> AsyncIterator[str]:
    """The URL at which these gateways are served as one."""
    loop = asyncio.get_running_loop()
    balancer = ReadinessBalancer(gateways)
    following = loop.create_task(balancer.follow())
    listener = await loop.create_server(lambda: ClientHalf(balancer), "127.0.0.1", 0, backlog=1024)
    try:
        await asyncio.sleep(2 * PROBE_SECONDS)
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/mcp"
    finally:
        listener.close()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

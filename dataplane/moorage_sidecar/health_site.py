"""What the kubelet asks: alive, ready, and before the end of the pod: drain."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Final

from aiohttp import web

from moorage_site.bounded_site import BoundedSite

CLOSE_SECONDS: Final = 1.0
_logger = logging.getLogger("moorage_sidecar.health")


class HealthSite:
    """``/healthz``, ``/readyz`` and ``/drain`` on a port of their own."""

    def __init__(
        self, why_not_ready: Callable[[], Awaitable[str]], drain: Callable[[], Awaitable[None]]
    ) -> None:
        """``why_not_ready`` gives empty text when it is; ``drain`` returns when all is over."""
        self._why_not_ready = why_not_ready
        self._drain = drain
        self._site = BoundedSite(self._app(), _tell_closed)
        self.address = ""

    async def start(self, host: str, port: int) -> None:
        """Listen; raises ``OSError`` when the address cannot be had."""
        loop = asyncio.get_running_loop()
        bound_host, bound_port = await self._site.start(
            lambda protocol: loop.create_server(protocol, host, port)
        )
        self.address = f"http://{bound_host}:{bound_port}"

    async def stop(self) -> None:
        """Listen no more."""
        await self._site.stop(CLOSE_SECONDS)

    def _app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/healthz", self._answer_alive)
        app.router.add_get("/readyz", self._answer_ready)
        app.router.add_get("/drain", self._answer_drained)
        return app

    async def _answer_alive(self, _: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def _answer_ready(self, _: web.Request) -> web.Response:
        why_not = await self._why_not_ready()
        return web.Response(text=f"{why_not or 'ready'}\n", status=503 if why_not else 200)

    async def _answer_drained(self, request: web.Request) -> web.Response:
        # The port is open to whatever reaches the pod; its end is only the pod's own business.
        if not _is_loopback(request.remote):
            why = "only this pod may drain itself: ask from inside it, or delete the pod"
            return web.Response(text=f"{why}\n", status=403)
        await self._drain()
        return web.Response(text="drained\n")


def _tell_closed(reason: str) -> None:
    # Strangers cause it at will: no line of the log is theirs but where somebody looks for it.
    _logger.debug("a connection to the health port was closed: %s", reason)


def _is_loopback(peer: str | None) -> bool:
    try:
        return ip_address(peer or "").is_loopback
    except ValueError:
        return False

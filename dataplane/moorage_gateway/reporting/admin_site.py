"""The admin port: pages about the gateway, and room for what replicas say to each other."""

import asyncio
from collections.abc import Callable, Sequence

from aiohttp import web
from aiohttp.typedefs import Handler
from aiohttp.web_protocol import RequestHandler

from moorage_gateway.listening_socket import listen
from moorage_gateway.reporting.admin_guard import REMEDIES, admin_refusal
from moorage_gateway.reporting.admin_pages import AdminPages, Readiness, RenderMetrics

MAX_CONNECTIONS = 1024
"""Past it the one idle for longest makes room; where all are busy the new one is refused."""
KEEPALIVE_SECONDS = 75.0
SWEEP_SECONDS = 5.0
"""A connection that sends no whole request head is closed after one to two sweeps."""

TOO_MANY_CONNECTIONS = "AdminConnectionsExhausted"
HEAD_TIMEOUT = "AdminHeadTimeout"


class AdminSite:
    """Serves the admin port. ``refused`` gets the reason of each refusal (``Cells.refused``)."""

    def __init__(
        self,
        render_metrics: RenderMetrics,
        readiness: Callable[[], Readiness],
        status: Callable[[], object],
        refused: Callable[[str], None],
        extra_routes: Sequence[web.RouteDef] = (),
    ) -> None:
        """``extra_routes`` stand behind the same guard and bound their bodies themselves."""
        self.port = 0
        """The port in use since the start."""
        self._refused = refused
        self._bound_host = ""
        self._idle: dict[RequestHandler, None] = {}
        """Connections on which no request runs, the longest idle first."""
        self._heard: set[RequestHandler] = set()
        self._silent: set[RequestHandler] = set()
        self._sweep_timer: asyncio.TimerHandle | None = None
        self._listener: asyncio.Server | None = None
        app = web.Application(middlewares=[self._guarded])
        app.add_routes([*AdminPages(render_metrics, readiness, status).routes(), *extra_routes])
        self._runner = web.AppRunner(
            app,
            access_log=None,
            keepalive_timeout=KEEPALIVE_SECONDS,
            handler_cancellation=True,  # a replica that hangs up ends what it asked for
        )

    async def start(self, host: str, port: int) -> None:
        """Listen; port 0 takes any free one. Raises ``OSError`` if the address is taken."""
        self._bound_host = host
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        self._listener = await listen(self._connection, host, port)
        self.port = self._listener.sockets[0].getsockname()[1]
        self._sweep_timer = loop.call_later(SWEEP_SECONDS, self._sweep)

    async def stop(self, grace_seconds: float) -> None:
        """Stop listening, let running answers end within ``grace_seconds``, close the rest."""
        if self._listener is not None:
            self._listener.close()
        if self._sweep_timer is not None:
            self._sweep_timer.cancel()
        if self._runner.server is not None:
            self._runner.server.pre_shutdown()
            await self._runner.server.shutdown(grace_seconds)
        await self._runner.cleanup()

    def _connection(self) -> asyncio.Protocol:
        if len(self._connections()) >= MAX_CONNECTIONS and not self._make_room():
            self._refused(TOO_MANY_CONNECTIONS)
            return _Refused()
        assert self._runner.server is not None
        connection = self._runner.server()
        self._idle[connection] = None
        return connection

    def _make_room(self) -> bool:
        """Close the connection that is idle for longest; False if there is none."""
        while self._idle:
            connection = next(iter(self._idle))
            del self._idle[connection]
            transport = connection.transport
            if transport is not None:
                connection.force_close()
                # Whoever does not read its last answer would else keep its place for ever.
                transport.abort()
                return True
        return False

    def _connections(self) -> list[RequestHandler]:
        return self._runner.server.connections if self._runner.server is not None else []

    def _sweep(self) -> None:
        """Close who was silent at the last sweep and still is: aiohttp waits for heads for ever."""
        live = set(self._connections())
        silent = live - self._heard
        for connection in silent & self._silent:
            self._refused(HEAD_TIMEOUT)
            connection.force_close()
        self._silent = silent
        self._heard &= live
        self._idle = {connection: None for connection in self._idle if connection in live}
        self._sweep_timer = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self._heard.add(request.protocol)
        self._idle.pop(request.protocol, None)
        try:
            return await self._answer(request, handler)
        finally:
            self._idle[request.protocol] = None

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        reason = admin_refusal(
            request.raw_path,
            request.headers.getall("Host", ()),
            request.headers.getall("Origin", ()),
            self._bound_host,
        )
        if reason is None:
            return await handler(request)
        self._refused(reason)
        return web.json_response({"reason": reason, "remedy": REMEDIES[reason]}, status=403)


class _Refused(asyncio.Protocol):
    """A connection past the bound: closed as it comes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()

"""A small HTTP site on a port that anybody may reach: its connections are bounded, and in time.

aiohttp takes any number of connections, and waits for a request's head for ever.
"""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Handler
from aiohttp.web_protocol import RequestHandler

MAX_CONNECTIONS = 1024
"""Past it the one idle for longest makes room; where all are busy the new one is refused."""
KEEPALIVE_SECONDS = 75.0
SWEEP_SECONDS = 5.0
"""A connection that sends no whole request head is closed after one to two sweeps."""

TOO_MANY_CONNECTIONS = "AdminConnectionsExhausted"
HEAD_TIMEOUT = "AdminHeadTimeout"

Listen = Callable[[Callable[[], asyncio.BaseProtocol]], Awaitable[asyncio.Server]]


class BoundedSite:
    """Serves ``app``. ``refused`` gets the reason of each connection that is closed."""

    def __init__(self, app: web.Application, refused: Callable[[str], None]) -> None:
        self._refused = refused
        self._idle: dict[RequestHandler, None] = {}
        """Connections on which no request runs, the longest idle first."""
        self._heard: set[RequestHandler] = set()
        self._silent: set[RequestHandler] = set()
        self._sweep_timer: asyncio.TimerHandle | None = None
        self._listener: asyncio.Server | None = None
        app.middlewares.insert(0, self._noticed)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            keepalive_timeout=KEEPALIVE_SECONDS,
            handler_cancellation=True,  # who hangs up ends what it asked for
        )

    async def start(self, listen: Listen) -> tuple[str, int]:
        """Begin to serve at the address that ``listen`` binds; it is returned. Raises OSError."""
        await self._runner.setup()
        self._listener = await listen(self._connection)
        self._sweep_timer = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)
        host, port = self._listener.sockets[0].getsockname()[:2]
        return str(host), int(port)

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
        if len(self.connections()) >= MAX_CONNECTIONS and not self._make_room():
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

    def connections(self) -> list[RequestHandler]:
        """Those that are open."""
        return self._runner.server.connections if self._runner.server is not None else []

    def _sweep(self) -> None:
        """Close who was silent at the last sweep and still is."""
        live = set(self.connections())
        silent = live - self._heard
        for connection in silent & self._silent:
            self._refused(HEAD_TIMEOUT)
            connection.force_close()
        self._silent = silent
        self._heard &= live
        self._idle = {connection: None for connection in self._idle if connection in live}
        self._sweep_timer = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)

    @web.middleware
    async def _noticed(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self._heard.add(request.protocol)
        self._idle.pop(request.protocol, None)
        try:
            return await handler(request)
        finally:
            self._idle[request.protocol] = None


class _Refused(asyncio.Protocol):
    """A connection past the bound: closed as it comes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()

"""How a gateway stops without dropping anybody's call.

Readiness has failed already → go on accepting, every answer closing its connection → GET streams
get ``retry:`` and close at an event boundary, listens end with their result → running calls and
POST streams end within ``drain_seconds`` → close.
"""

import asyncio

from moorage_gateway.parts import Parts
from moorage_gateway.settings import Limits

FAREWELL = b"retry: 1000\n\n"
"""Official clients make two attempts to reconnect; this delay lets another replica be found."""
TICK_SECONDS = 0.02


class StopSequence:
    """Runs once."""

    def __init__(self, parts: Parts, limits: Limits) -> None:
        self._parts = parts
        self._limits = limits
        self._loop = asyncio.get_running_loop()

    async def run(self, listener: asyncio.Server) -> None:
        """Returns when every call has ended, or after the time they are given."""
        self._parts.front.closing = True
        await asyncio.sleep(self._limits.readiness_seconds)
        listener.close()
        self._parts.front_server.close_idle()
        self._parts.front.finish_listens()
        deadline = self._loop.time() + self._limits.drain_seconds
        while self._parts.front_server.busy and self._loop.time() < deadline:
            self._close_streams()
            await asyncio.sleep(TICK_SECONDS)
        self._parts.front_server.abort_all()

    def _close_streams(self) -> None:
        for relay in tuple(self._parts.runtime.exchanges.running):
            if relay.is_get_stream:
                relay.close_stream(FAREWELL)
        self._parts.front.http_sse.drain()

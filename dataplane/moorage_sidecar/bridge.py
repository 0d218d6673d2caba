"""A stdio MCP server as an HTTP endpoint, for every client and era.

The one visible story of a bridge: start listening, serve, drain, stop.
"""

import asyncio
import contextlib
import os
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.serving.front_door import FrontDoor
from moorage_sidecar.serving.group_key import GroupKey
from moorage_sidecar.serving.http_server import BridgeServer
from moorage_sidecar.serving.http_sse_story import HttpSseStory
from moorage_sidecar.serving.legacy_story import LegacyStory
from moorage_sidecar.serving.modern_story import ModernStory
from moorage_sidecar.sessions.session_registry import SessionRegistry
from moorage_sidecar.sharing.shared_pool import SharedPool
from moorage_sidecar.stdio_server import BridgedServer

DRAIN_POLL_SECONDS: Final = 0.05
CLOSE_SECONDS: Final = 1.0
"""For last words to reach their clients before connections are cut."""
SOCKET_MODE: Final = 0o600
BACKLOG: Final = 4096
"""A burst of calls is a burst of connections; past this a Unix socket refuses at once."""
LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True)
class BridgeCounts:
    """A moment of a bridge."""

    sessions: int
    """Legacy sessions, HTTP+SSE ones among them."""
    processes: int
    """Server processes, those that are shutting down among them."""
    streams: int
    """Open answers: GET streams and calls that clients wait for."""


class StdioBridge:
    """One stdio server behind one listening socket."""

    def __init__(
        self,
        name: str,
        server: BridgedServer,
        limits: BridgeLimits | None = None,
        key: GroupKey | None = None,
    ) -> None:
        """With a ``key`` every request must show it."""
        self.name = name
        self._server = server
        self._limits = limits or BridgeLimits()
        self._key = key
        self._registry = SessionRegistry(name, server, self._limits)
        self._pool = SharedPool(name, server, self._limits)
        self._runner: web.ServerRunner | None = None
        self._unix_socket: str | None = None
        self._address = ""

    @property
    def address(self) -> str:
        """Base URL of what is served: ``http://127.0.0.1:40123``; MCP is at ``/mcp`` below it.

        On a Unix socket the host is ``localhost`` and connections go to ``unix_socket``.
        """
        if not self._address:
            raise RuntimeError("a bridge has an address once it was started")
        return self._address

    @property
    def unix_socket(self) -> str | None:
        """The path of the socket, where the bridge listens on one."""
        return self._unix_socket

    def counts(self) -> BridgeCounts:
        """What the bridge holds at this moment."""
        return BridgeCounts(
            sessions=self._registry.sessions,
            processes=self._registry.processes + self._pool.processes,
            streams=self._registry.streams + self._pool.calls,
        )

    async def start(
        self, *, unix_socket: str | None = None, host: str | None = None, port: int = 0
    ) -> None:
        """Listen on a Unix socket, or else on a TCP port (0: any free one) of host or loopback.

        Raises ``OSError`` when the address cannot be had.
        """
        own_host = None if unix_socket else host or LOOPBACK
        server = BridgeServer(self._front_door(own_host).handle, self._limits)
        self._runner = web.ServerRunner(server, shutdown_timeout=CLOSE_SECONDS)
        await self._runner.setup()
        if unix_socket is not None:
            await self._listen_on_socket(self._runner, unix_socket)
        else:
            await self._listen_on_port(self._runner, host or LOOPBACK, port)
        self._registry.start()
        self._pool.start()

    async def drain(self, drain_seconds: float) -> None:
        """Open nothing new, let running calls end for a while, then end every server.

        When this returns, no server process is left; who still asks is told to go elsewhere.
        """
        self._registry.refuse_new()
        self._pool.refuse_new()
        await self._await_calls(drain_seconds)
        await asyncio.gather(self._registry.stop(), self._pool.stop())

    async def stop(self, drain_seconds: float) -> None:
        """Drain, and listen no more."""
        await self.drain(drain_seconds)
        if self._runner is not None:
            await self._close(self._runner)

    def _front_door(self, own_host: str | None) -> FrontDoor:
        limits = self._limits
        return FrontDoor(
            name=self.name,
            own_host=own_host,
            limits=limits,
            legacy=LegacyStory(self._registry, limits, self._server.program),
            http_sse=HttpSseStory(self._registry, limits),
            modern=ModernStory(self._pool, limits),
            key=self._key,
        )

    async def _listen_on_port(self, runner: web.ServerRunner, host: str, port: int) -> None:
        site = web.TCPSite(runner, host, port, backlog=BACKLOG)
        await site.start()
        bound_host, bound_port = runner.addresses[0][:2]
        shown = f"[{bound_host}]" if ":" in bound_host else bound_host
        self._address = f"http://{shown}:{bound_port}"

    async def _listen_on_socket(self, runner: web.ServerRunner, path: str) -> None:
        """Only this user may connect: the socket is made under a mask that allows nobody else."""
        mask = os.umask(0o777 & ~SOCKET_MODE)
        try:
            await web.UnixSite(runner, path, backlog=BACKLOG).start()
        finally:
            os.umask(mask)
        self._unix_socket = path
        self._address = "http://localhost"

    async def _await_calls(self, drain_seconds: float) -> None:
        for _ in range(round(drain_seconds / DRAIN_POLL_SECONDS)):
            if not self._registry.calls + self._pool.calls:
                return
            await asyncio.sleep(DRAIN_POLL_SECONDS)

    async def _close(self, runner: web.ServerRunner) -> None:
        await runner.cleanup()
        if self._unix_socket is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._unix_socket)

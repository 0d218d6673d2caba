"""The bridge as a process of its own: start, be asked after its health, drain, stop."""

import asyncio
import logging

from moorage_sidecar.bridge import StdioBridge
from moorage_sidecar.health_site import HealthSite
from moorage_sidecar.processes.launcher_door import LauncherDoor
from moorage_sidecar.serving.group_key import GroupKey
from moorage_sidecar.settings import Settings

_logger = logging.getLogger("moorage_sidecar")


class SidecarProcess:
    """One bridge, where it has a launcher the door to it, and where asked for a health site."""

    def __init__(self, settings: Settings) -> None:
        """Raises ``OSError`` or ``UnfitKey`` when the key file cannot be used."""
        key = GroupKey(settings.key_file) if settings.key_file else None
        self._settings = settings
        self._bridge = StdioBridge(settings.name, settings.server, settings.limits, key)
        self._launcher = LauncherDoor(settings.socket_path) if settings.socket_path else None
        self._health = HealthSite(self._why_not_ready, self.drain)
        self._draining: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen; raises ``OSError`` when an address cannot be had."""
        settings = self._settings
        await self._bridge.start(host=settings.listen.host, port=settings.listen.port)
        if settings.health is not None:
            await self._health.start(settings.health.host, settings.health.port)
        self._tell("bridge listens", health=self._health.address)

    async def drain(self) -> None:
        """Take nothing new, let running calls end, end every server, release the launcher.

        Safe to call often; it happens once.
        """
        if self._draining is None:
            self._draining = asyncio.create_task(self._drain())
        await asyncio.shield(self._draining)

    async def stop(self) -> None:
        """Drain, and listen no more."""
        await self.drain()
        await self._bridge.stop(0)
        await self._health.stop()

    async def _drain(self) -> None:
        self._tell("bridge stops", drain_seconds=self._settings.drain_seconds)
        await self._bridge.drain(self._settings.drain_seconds)
        if self._launcher is not None and not await self._launcher.tell_drained():
            self._tell("the launcher did not hear that it may end")
        self._tell("bridge is drained")

    async def _why_not_ready(self) -> str:
        if self._draining is not None:
            return "draining: nothing new is taken"
        if self._launcher is not None and not await self._launcher.is_there():
            return f"no launcher answers at {self._launcher.socket_path}"
        return ""

    def _tell(self, event: str, **facts: object) -> None:
        shown = {"bridge": self._settings.name, "address": self._bridge.address, **facts}
        _logger.info(event, extra={"facts": shown})

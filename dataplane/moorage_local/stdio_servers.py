"""The bridges of the stdio groups: one for each, on a Unix socket in a folder of its own."""

import asyncio
import itertools
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from moorage_contract.route_table import Endpoint
from moorage_local.stdio_commands import BridgePlan
from moorage_operator.api.metadata import ResourceName
from moorage_sidecar import StdioBridge

DRAIN_SECONDS: Final = 20.0
"""What calls of a server that was replaced get to end in."""
BRIDGE_URL: Final = "http://localhost/mcp"


@dataclass(frozen=True, eq=False)
class _Running:
    plan: BridgePlan
    bridge: StdioBridge
    endpoint: Endpoint


class StdioServers:
    """Starts, replaces and ends bridges as the plans say; sessions of equal plans are untouched."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is private to this process: whoever may enter it may call the servers."""
        self._folder = folder
        self._numbers = itertools.count(1)
        self._running: dict[ResourceName, _Running] = {}
        self._retired: set[_Running] = set()
        self._draining: dict[asyncio.Task[None], _Running] = {}

    async def prepare(
        self, plans: Mapping[ResourceName, BridgePlan]
    ) -> Mapping[ResourceName, Endpoint]:
        """Start what is new or changed; the endpoints of all plans.

        What is no longer planned serves on until ``retire_replaced``. Raises ``OSError`` when a
        socket cannot be had; then nothing was changed.
        """
        fresh = await self._start_all(
            {name: plan for name, plan in plans.items() if not self._runs(name, plan)}
        )
        kept = {name: running for name, running in self._running.items() if name in plans}
        wanted = {**kept, **fresh}
        self._retired |= set(self._running.values()) - set(wanted.values())
        self._running = wanted
        return {name: running.endpoint for name, running in wanted.items()}

    def retire_replaced(self) -> None:
        """Let what is no longer planned end its calls, beside everything else."""
        for running in self._retired:
            task = asyncio.create_task(running.bridge.stop(DRAIN_SECONDS))
            self._draining[task] = running
            task.add_done_callback(lambda done: self._draining.pop(done, None))
        self._retired = set()

    async def stop(self) -> None:
        """End every bridge at once; when this returns, no server process is left."""
        draining = dict(self._draining)
        for task in draining:
            task.cancel()
        await asyncio.gather(*draining, return_exceptions=True)
        running = [*self._running.values(), *self._retired, *draining.values()]
        self._running, self._retired = {}, set()
        await asyncio.gather(*(one.bridge.stop(0) for one in running))

    def _runs(self, name: ResourceName, plan: BridgePlan) -> bool:
        return name in self._running and self._running[name].plan == plan

    async def _start_all(
        self, plans: Mapping[ResourceName, BridgePlan]
    ) -> dict[ResourceName, _Running]:
        started: dict[ResourceName, _Running] = {}
        try:
            for name, plan in plans.items():
                started[name] = await self._start(name, plan)
        except OSError:
            await asyncio.gather(*(one.bridge.stop(0) for one in started.values()))
            raise
        return started

    async def _start(self, name: ResourceName, plan: BridgePlan) -> _Running:
        # Short names: a socket's path has room for about a hundred characters.
        path = str(self._folder / f"{next(self._numbers)}.sock")
        bridge = StdioBridge(name.name, plan.server, plan.limits)
        await bridge.start(unix_socket=path)
        # A new uid each time: the sessions of the server before live in no process any more.
        uid = f"stdio-{secrets.token_hex(8)}"
        return _Running(plan, bridge, Endpoint(uid=uid, url=BRIDGE_URL, unix_socket=path))

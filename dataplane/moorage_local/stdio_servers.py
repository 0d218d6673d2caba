"""The bridges of the stdio groups: one for each, on a Unix socket in a folder of its own."""

import asyncio
import itertools
import os
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
MAX_PATH_BYTES: Final = 107
"""What a socket's path has room for (unix(7): 108 bytes with the zero at its end)."""


class SocketRefused(OSError):
    """A stdio server can be given no socket; the text says in which folder, why, what to do."""


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

        What is no longer planned serves on until ``retire_replaced``. Raises ``SocketRefused``;
        then nothing was changed.
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
        """End every bridge at once; when this returns, no server process is left.

        A call that is cancelled may be repeated: it goes on with what is left.
        """
        self._retired |= {*self._running.values(), *self._draining.values()}
        self._running = {}
        draining = list(self._draining)
        for task in draining:
            task.cancel()
        await asyncio.gather(*draining, return_exceptions=True)
        await asyncio.gather(*(one.bridge.stop(0) for one in self._retired))
        # Only now: cancelled before, the next call must still find them.
        self._retired = set()

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
        path = self._socket_path()
        bridge = StdioBridge(name.name, plan.server, plan.limits)
        try:
            await bridge.start(unix_socket=path)
        except OSError as error:
            await bridge.stop(0)
            raise self._refused(error.strerror or str(error), "a folder of yours") from error
        # A new uid each time: the sessions of the server before live in no process any more.
        uid = f"stdio-{secrets.token_hex(8)}"
        return _Running(plan, bridge, Endpoint(uid=uid, url=BRIDGE_URL, unix_socket=path))

    def _socket_path(self) -> str:
        path = str(self._folder / f"{next(self._numbers)}.sock")
        if len(os.fsencode(path)) > MAX_PATH_BYTES:
            raise self._refused("a socket's path has no room for its name", "a shorter folder")
        return path

    def _refused(self, why: str, remedy: str) -> SocketRefused:
        return SocketRefused(
            f"no socket for a stdio server in {self._folder}: {why}; set TMPDIR to {remedy}"
        )

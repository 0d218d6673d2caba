"""Bridges in front of fixture servers, on loopback."""

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from fakes.launcher import launcher_binary, start_launcher, stop_launcher
from integration.sidecar.fixture_types import BridgeStarter, ServerMaker
from moorage_sidecar import (
    BridgedServer,
    BridgeLimits,
    LaunchedServer,
    StdioBridge,
    StdioServer,
)

SERVERS = Path(__file__).parents[2] / "fakes" / "stdio_servers"


BEHIND_A_LAUNCHER_TOO = {
    "test_bad_servers",
    "test_bridge_stops",
    "test_event_loops",
    "test_failed_starts_are_remembered",
    "test_official_client_over_streamable_http",
    "test_slow_clients",
}
"""Where servers start, end, stall, flood and print. What the other files are about lies on the
bridge's HTTP side, which does not know where its servers run."""


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build the launcher while no test counts its seconds: with an empty cache Go takes many."""
    if shutil.which("go") and not session.config.option.collectonly:
        launcher_binary()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Servers run as children of the bridge or behind a launcher: callers see no difference."""
    if "where_servers_run" in metafunc.fixturenames:
        behind_too = metafunc.module.__name__.rpartition(".")[2] in BEHIND_A_LAUNCHER_TOO
        places = ["child", "launcher"] if behind_too else ["child"]
        metafunc.parametrize("where_servers_run", places)


@pytest.fixture
def bridged_server(
    where_servers_run: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerMaker]:
    """Make ``COMMAND…`` a server of either kind; launchers are ended at the end."""
    launchers: list[tuple[subprocess.Popen[bytes], Path]] = []

    def make(*command: str) -> BridgedServer:
        if where_servers_run == "child":
            return StdioServer(command)
        socket = tmp_path_factory.mktemp("launcher") / "server.sock"
        launchers.append((start_launcher(socket, *command), socket))
        return LaunchedServer(command[0], str(socket))

    yield make
    for launcher, socket in launchers:
        stop_launcher(launcher, socket)


@pytest.fixture
async def start_bridge(bridged_server: ServerMaker) -> AsyncIterator[BridgeStarter]:
    """Start a bridge in front of ``SCRIPT ARGUMENT…`` with these limits; stopped at the end."""
    bridges: list[StdioBridge] = []

    async def start(
        script: str, *arguments: str, unix_socket: str | None = None, **limits: Any
    ) -> StdioBridge:
        server = bridged_server(sys.executable, "-u", str(SERVERS / script), *arguments)
        bridge = StdioBridge("fixture", server, BridgeLimits(**limits))
        await bridge.start(unix_socket=unix_socket)
        bridges.append(bridge)
        return bridge

    yield start
    for bridge in bridges:
        await bridge.stop(0)
        assert bridge.counts().processes == 0


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A plain HTTP client."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        yield session


@pytest.fixture
def eventually() -> Callable[..., Awaitable[None]]:
    """Wait until a condition holds, at most for the given seconds."""

    async def wait(condition: Callable[[], bool], seconds: float = 5) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come true in time"
            await asyncio.sleep(0.02)

    return wait

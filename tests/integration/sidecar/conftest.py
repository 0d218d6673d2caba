"""Bridges in front of fixture servers, on loopback."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from moorage_sidecar import BridgeLimits, StdioBridge, StdioServer

SERVERS = Path(__file__).parents[2] / "fakes" / "stdio_servers"
BridgeStarter = Callable[..., Awaitable[StdioBridge]]


@pytest.fixture
async def start_bridge() -> AsyncIterator[BridgeStarter]:
    """Start a bridge in front of ``SCRIPT ARGUMENT…`` with these limits; stopped at the end."""
    bridges: list[StdioBridge] = []

    async def start(
        script: str, *arguments: str, unix_socket: str | None = None, **limits: Any
    ) -> StdioBridge:
        command = (sys.executable, "-u", str(SERVERS / script), *arguments)
        bridge = StdioBridge("fixture", StdioServer(command), BridgeLimits(**limits))
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

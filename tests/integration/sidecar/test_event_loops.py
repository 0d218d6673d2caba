"""A bridge lives the same life on asyncio's own loop and on uvloop."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvloop

from integration.sidecar.raw_client import ModernCaller, RawSession
from moorage_sidecar import BridgeLimits, StdioBridge, StdioServer

SERVERS = Path(__file__).parents[2] / "fakes" / "stdio_servers"
Runner = Callable[[Coroutine[Any, Any, Any]], Any]


def bridge(script: str, *arguments: str) -> StdioBridge:
    command = (sys.executable, "-u", str(SERVERS / script), *arguments)
    return StdioBridge("loops", StdioServer(command), BridgeLimits(close_seconds=0.3))


async def live_and_stop() -> list[Any]:
    """A call in each era, a crash, a server that must be killed; then the processes left."""
    plain, modern = bridge("plain_server.py"), bridge("modern_server.py")
    crashing, stubborn = bridge("bad_server.py", "crash"), bridge("bad_server.py", "ignore_the_end")
    bridges = (plain, modern, crashing, stubborn)
    seen: list[Any] = []
    for each in bridges:
        await each.start()
    async with aiohttp.ClientSession() as http:
        session = await RawSession(http, plain.address).open()
        seen.append((await session.call("echo", 1, x=1))["result"])
        seen.append((await ModernCaller(http, modern.address).call("echo", 2))["id"])
        doomed = await RawSession(http, crashing.address).open()
        seen.append((await doomed.call("go", 3))["error"]["code"])
        await RawSession(http, stubborn.address).open()
        for each in bridges:
            await each.stop(0)
    return [*seen, sum(each.counts().processes for each in bridges)]


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_a_whole_life(run: Runner) -> None:
    assert run(live_and_stop()) == [{"x": 1}, 2, -31001, 0]

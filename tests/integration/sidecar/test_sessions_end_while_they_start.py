"""A session that ends while its process starts: the process is counted and ended all the same.

A start is slowed down at the pipes of a child.
"""

import asyncio
import os
from pathlib import Path

import aiohttp
import pytest

from integration.sidecar.fixture_types import BridgeStarter, Eventually
from integration.sidecar.raw_client import RawSession, initialize_message
from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.processes.pipes import StdinPipe
from moorage_sidecar.processes.process_log import ProcessLog
from moorage_sidecar.processes.server_process import ServerProcess
from moorage_sidecar.stdio_server import StdioServer


def living_children() -> list[int]:
    """Children of this process that have not ended."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if int(parent) == os.getpid() and state != "Z":
                found.append(int(entry.name))
    return found


@pytest.fixture
def slow_start(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Starting takes a while once the process is there; set when one has come that far."""
    reached = asyncio.Event()
    connect = StdinPipe.connect

    async def connect_slowly(pipe: StdinPipe, stdin: object) -> None:
        reached.set()
        await asyncio.sleep(0.3)
        await connect(pipe, stdin)  # type: ignore[arg-type]

    monkeypatch.setattr(StdinPipe, "connect", connect_slowly)
    return reached


async def test_a_bridge_that_stops_meanwhile_leaves_nothing(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, slow_start: asyncio.Event
) -> None:
    before = living_children()
    bridge = await start_bridge("plain_server.py")
    opening = asyncio.create_task(post_initialize(http, bridge.address))
    await slow_start.wait()

    await bridge.stop(0)

    assert living_children() == before
    assert "was ended while it started" in await opening


async def post_initialize(http: aiohttp.ClientSession, address: str) -> str:
    async with RawSession(http, address).post(initialize_message()) as answer:
        text: str = await answer.text()
        return text


async def test_an_http_sse_stream_that_breaks_meanwhile_leaves_nothing(
    start_bridge: BridgeStarter,
    http: aiohttp.ClientSession,
    eventually: Eventually,
    slow_start: asyncio.Event,
) -> None:
    before = living_children()
    bridge = await start_bridge("plain_server.py")

    async with http.get(bridge.address + "/sse") as stream:
        await stream.content.readline()
        path = (await stream.content.readline()).decode().removeprefix("data: ").strip()
        posting = asyncio.create_task(http.post(bridge.address + path, json=initialize_message()))
        await slow_start.wait()
        stream.close()
        await eventually(lambda: bridge.counts().sessions == 0)
        assert bridge.counts().processes == 1
        (await posting).release()

    await eventually(lambda: bridge.counts().processes == 0)
    assert living_children() == before


async def test_a_start_that_is_given_up_has_ended_its_process(slow_start: asyncio.Event) -> None:
    before = living_children()
    server = StdioServer(("sleep", "60"))
    starting = asyncio.create_task(ServerProcess.start(server, BridgeLimits(), ProcessLog({})))
    await slow_start.wait()

    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)

    assert living_children() == before

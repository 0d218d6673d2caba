"""Stopping: running calls end, nothing new begins, no process is left."""

import asyncio
import ctypes
import os
import stat
from pathlib import Path

import aiohttp
import pytest

from integration.sidecar.fixture_types import BridgeStarter, Eventually
from integration.sidecar.raw_client import RawSession, initialize_message

PR_SET_CHILD_SUBREAPER = 36


async def test_a_running_call_is_answered_before_the_bridge_stops(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py")
    session = await RawSession(http, bridge.address).open()

    running = asyncio.create_task(session.call("wait", 1, seconds=0.7))
    await asyncio.sleep(0.2)
    stopping = asyncio.create_task(bridge.stop(5))
    await asyncio.sleep(0.1)
    async with RawSession(http, bridge.address).post(initialize_message()) as refused:
        assert (refused.status, refused.headers["Retry-After"]) == (503, "1")

    assert (await running)["result"] == {}
    await stopping
    assert bridge.counts().processes == 0


async def test_what_does_not_end_in_time_is_told_that_its_outcome_is_unknown(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py")
    session = await RawSession(http, bridge.address).open()

    running = asyncio.create_task(session.call("forget", 1))
    await asyncio.sleep(0.2)
    await bridge.stop(0.2)

    body = await running
    assert body["error"]["code"] == -31001
    assert "the bridge stopped" in body["error"]["message"]


async def test_a_drain_can_be_cut_short(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py")
    session = await RawSession(http, bridge.address).open()
    running = asyncio.create_task(session.call("forget", 1))
    await asyncio.sleep(0.2)

    draining = asyncio.create_task(bridge.stop(30))
    await asyncio.sleep(0.1)
    draining.cancel()
    await asyncio.gather(draining, return_exceptions=True)
    await asyncio.wait_for(bridge.stop(0), 5)

    assert (await running)["error"]["code"] == -31001
    assert bridge.counts().processes == 0


async def test_a_stopped_bridge_answers_nobody(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py")
    await bridge.stop(0)

    with pytest.raises(aiohttp.ClientConnectionError):
        await http.get(bridge.address + "/mcp")


async def test_children_that_were_left_to_us_do_not_stay_zombies(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, eventually: Eventually
) -> None:
    """As process 1 of a container we inherit the orphans of our servers."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    assert prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    try:
        bridge = await start_bridge("bad_server.py", "fork_children")
        session = await RawSession(http, bridge.address).open()
        children = (await session.call("go", 1))["result"]
        async with session.delete():
            pass
        await eventually(lambda: bridge.counts().processes == 0)
        await eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children))
    finally:
        prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


async def test_a_unix_socket_is_its_users_own_and_gone_afterwards(
    start_bridge: BridgeStarter, tmp_path: Path
) -> None:
    path = str(tmp_path / "bridge.sock")
    bridge = await start_bridge("plain_server.py", unix_socket=path)

    connector = aiohttp.UnixConnector(path)
    async with aiohttp.ClientSession(connector=connector) as http:
        session = await RawSession(http, bridge.address).open()
        answer = await session.call("echo", 1, text="over a socket")
    mode = stat.S_IMODE(os.stat(path).st_mode)
    await bridge.stop(0)
    left = os.listdir(tmp_path)

    assert (answer["result"]["text"], mode) == ("over a socket", 0o600)
    assert bridge.unix_socket == path
    assert left == []

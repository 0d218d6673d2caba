"""A modern server that does not start: each caller is told, and not each one starts it again."""

import asyncio
from typing import Any

import aiohttp
import pytest

from integration.sidecar.fixture_types import BridgeStarter
from integration.sidecar.raw_client import ModernCaller
from moorage_sidecar.sharing import shared_pool


def starts(caplog: pytest.LogCaptureFixture) -> int:
    """Processes that were started and have ended."""
    return sum(record.getMessage() == "server process ended unasked" for record in caplog.records)


def refusals_of(bodies: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(body["error"]["data"]["reason"], body["error"]["message"]) for body in bodies}


async def test_every_caller_that_waits_is_told_of_the_one_start(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    bridge = await start_bridge("bad_server.py", "exit_at_start")
    caller = ModernCaller(http, bridge.address)

    bodies = await asyncio.gather(*(caller.call("echo", number) for number in range(5)))

    assert [body["id"] for body in bodies] == list(range(5))
    ((reason, message),) = refusals_of(bodies)
    assert reason == "DidNotStart"
    assert "cannot open /etc/app.toml" in message
    assert starts(caplog) == 1


async def test_who_comes_right_after_is_told_the_same_and_later_ones_try_again(
    start_bridge: BridgeStarter,
    http: aiohttp.ClientSession,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bridge = await start_bridge("bad_server.py", "exit_at_start")
    one = ModernCaller(http, bridge.address)
    other = ModernCaller(http, bridge.address, **{"Moorage-Principal": "other"})

    bodies = [await one.call("echo", 1), await one.call("echo", 2), await other.call("echo", 3)]
    assert len(refusals_of(bodies)) == 1
    assert [body["id"] for body in bodies] == [1, 2, 3]
    assert starts(caplog) == 1

    await asyncio.sleep(shared_pool.FAILURE_REMEMBERED_SECONDS)
    bodies.append(await one.call("echo", 4))
    assert len(refusals_of(bodies)) == 1
    assert starts(caplog) == 2


async def test_a_verdict_that_the_server_spoke_is_remembered_for_longer(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_pool, "FAILURE_REMEMBERED_SECONDS", 0.0)
    bridge = await start_bridge("plain_server.py")
    caller = ModernCaller(http, bridge.address)
    first = await caller.call("echo", 1)
    assert first["error"]["data"]["supported"]

    started: list[object] = []
    monkeypatch.setattr(shared_pool, "SharedServer", started.append)
    again = await caller.call("echo", 2)

    assert again["error"] == first["error"]
    assert started == []


async def test_silence_is_no_verdict_and_the_next_caller_starts_it_again(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    bridge = await start_bridge("bad_server.py", "never_answer", start_seconds=0.2)
    caller = ModernCaller(http, bridge.address)
    seconds = []
    for number in (1, 2):
        begun = asyncio.get_running_loop().time()
        body = await caller.call("echo", number)
        assert body["error"]["data"]["reason"] == "UnsupportedVersion"
        seconds.append(asyncio.get_running_loop().time() - begun)

    assert min(seconds) >= 0.2, "each one waited for a process of its own"

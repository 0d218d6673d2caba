"""A batch (2025-03-26) reaches a busy server whole or not at all."""

import asyncio

import aiohttp

from integration.sidecar.fixture_types import BridgeStarter
from integration.sidecar.raw_client import RawSession, message

PAD = "y" * 200_000


async def test_a_batch_that_finds_room_is_given_whole(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py", stdin_queue_bytes=1000)
    session = await RawSession(http, bridge.address).open("2025-03-26")

    batch = [message("wait", n, seconds=0.1, pad=PAD) for n in range(1, 4)]
    async with session.post(batch, Accept="application/json") as answer:
        answers = await answer.json()

    assert [(body["id"], body["result"]) for body in answers] == [(1, {}), (2, {}), (3, {})]


async def test_a_batch_that_finds_no_room_is_refused_and_none_of_it_runs(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py", stdin_queue_bytes=1000)
    session = await RawSession(http, bridge.address).open("2025-03-26")
    busy = asyncio.create_task(session.call("wait", 1, seconds=0.5))
    await asyncio.sleep(0.2)
    filling = asyncio.create_task(session.call("echo", 2, pad=PAD))
    await asyncio.sleep(0.1)

    async with session.post([message("raw", n, line="ran") for n in (3, 4)]) as answer:
        refusal = await answer.json()

    assert "was not given to it" in refusal["error"]["message"]
    assert (await busy)["result"] == {}
    assert (await filling)["id"] == 2
    assert (await session.call("echo", 3))["id"] == 3

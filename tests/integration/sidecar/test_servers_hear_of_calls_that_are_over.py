"""``notifications/cancelled``: a server is told of every call whose answer nobody takes any more.

MCP 2025-11-25 and 2026-07-28, ``basic/utilities/cancellation`` and ``basic/patterns/cancellation``.
"""

import asyncio

import aiohttp

from integration.sidecar.fixture_types import BridgeStarter, Eventually
from integration.sidecar.raw_client import (
    ModernCaller,
    RawSession,
    events_of,
    message,
    modern_headers,
    modern_message,
)


async def test_a_legacy_call_that_is_overdue(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py", answer_seconds=0.4)
    session = await RawSession(http, bridge.address).open()

    assert (await session.call("forget", "late"))["error"]["data"]["reason"] == "NoAnswer"

    assert (await session.call("cancelled", 2))["result"] == {"cancelled": ["late"]}


async def test_a_legacy_call_that_its_client_cancelled_is_not_cancelled_twice(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py", answer_seconds=0.4)
    session = await RawSession(http, bridge.address).open()

    waiting = asyncio.create_task(session.call("forget", 5))
    await asyncio.sleep(0.1)
    async with session.post(message("notifications/cancelled", requestId=5)) as accepted:
        assert accepted.status == 202
    assert (await waiting)["error"]["code"] == -32800
    await asyncio.sleep(0.6)  # past the time in which an answer was due

    assert (await session.call("cancelled", 6))["result"] == {"cancelled": [5]}


async def test_a_legacy_call_whose_client_left_goes_on(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py")
    session = await RawSession(http, bridge.address).open()

    async with session.post(message("ask", 1)) as stream:
        await stream.content.readline()
        stream.close()
    await asyncio.sleep(0.3)

    assert (await session.call("cancelled", 2))["result"] == {"cancelled": []}


async def test_a_modern_call_that_is_overdue(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("modern_server.py", answer_seconds=0.4)
    caller = ModernCaller(http, bridge.address)

    assert (await caller.call("forget", "a"))["error"]["data"]["reason"] == "NoAnswer"

    assert len((await caller.call("cancelled", "b"))["result"]["cancelled"]) == 1


async def test_a_modern_call_whose_client_disconnected_before_and_after_its_stream_began(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, eventually: Eventually
) -> None:
    bridge = await start_bridge("modern_server.py", keepalive_seconds=0.1)
    caller = ModernCaller(http, bridge.address)

    for json_only in (True, False):
        body = modern_message("forget", 1)
        types = {"Accept": "application/json"} if json_only else {}
        request = http.post(caller.url, json=body, headers={**modern_headers(body), **types})
        waiting = asyncio.create_task(request.__aenter__())
        await eventually(lambda: bridge.counts().streams == 1)
        if not json_only:
            (await waiting).close()
        waiting.cancel()
        await eventually(lambda: bridge.counts().streams == 0)

    told = (await caller.call("cancelled", 2))["result"]["cancelled"]
    assert len(set(told)) == 2


async def test_a_modern_call_whose_client_reads_too_slowly_and_no_other(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("modern_server.py", stream_queue_bytes=10_000)
    caller = ModernCaller(http, bridge.address)
    flood = modern_message("progress", 1, number=30_000, meta={"progressToken": "t" * 500})

    async with caller.post(flood) as stream:
        assert stream.status == 200  # and nothing of it is read
        neighbour = asyncio.create_task(caller.call("forget", 2))
        await asyncio.wait_for(caller.call("echo", 3), 15)  # behind the flood
        told = (await caller.call("cancelled", 4))["result"]["cancelled"]
        last = [event["data"] async for event in events_of(stream)][-1]
        assert not neighbour.done()
        neighbour.cancel()

    assert len(told) == 1
    assert '"reason":"ClientTooSlow"' in last

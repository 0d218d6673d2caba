"""A session without DELETE: kept while its client may come back, ended when it will not."""

import asyncio

import aiohttp

from integration.sidecar.fixture_types import BridgeStarter, Eventually
from integration.sidecar.raw_client import RawSession, initialize_message, message


async def test_a_session_whose_get_stream_broke_ends_soon(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, eventually: Eventually
) -> None:
    bridge = await start_bridge("plain_server.py", orphan_seconds=0.5)
    session = await RawSession(http, bridge.address).open()

    async with session.get() as stream:
        await stream.content.readline()
        await asyncio.sleep(1)
        assert bridge.counts().sessions == 1
        stream.close()

    await eventually(lambda: bridge.counts().processes == 0, 3)


async def test_a_client_that_comes_back_in_time_keeps_its_session(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py", orphan_seconds=0.8)
    session = await RawSession(http, bridge.address).open()

    for request_id in range(3):
        async with session.get() as stream:
            await stream.content.readline()
            stream.close()
        await asyncio.sleep(0.5)
        assert "result" in await session.call("ping", request_id)
        await asyncio.sleep(0.5)

    assert bridge.counts().sessions == 1


async def test_a_session_that_never_had_a_get_stream_waits_out_the_idle_time(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, eventually: Eventually
) -> None:
    bridge = await start_bridge("plain_server.py", orphan_seconds=0.1, idle_seconds=1.5)
    session = await RawSession(http, bridge.address).open()

    await asyncio.sleep(0.8)
    assert "result" in await session.call("ping", 1)
    await asyncio.sleep(0.8)
    assert "result" in await session.call("ping", 2)

    await eventually(lambda: bridge.counts().processes == 0, 4)
    async with session.post({"jsonrpc": "2.0", "id": 3, "method": "ping"}) as late:
        assert late.status == 404


async def test_an_open_stream_or_a_running_call_keeps_an_idle_session(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py", idle_seconds=0.3, handshake_seconds=0.3)
    listening, working = [await RawSession(http, bridge.address).open() for _ in range(2)]

    async with listening.get() as stream:
        await stream.content.readline()
        answer = await working.call("wait", 1, seconds=1)
        assert bridge.counts().sessions == 2

    assert answer["result"] == {}


async def test_a_client_that_stops_in_mid_handshake_leaves_nothing(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, eventually: Eventually
) -> None:
    bridge = await start_bridge("plain_server.py", handshake_seconds=0.5)

    async with RawSession(http, bridge.address).post(initialize_message()) as answer:
        assert answer.status == 200

    await eventually(lambda: bridge.counts().processes == 0, 3)


async def test_a_client_that_leaves_before_the_answer_to_initialize_leaves_nothing(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, eventually: Eventually
) -> None:
    bridge = await start_bridge("bad_server.py", "never_answer")

    opening = asyncio.create_task(RawSession(http, bridge.address).open())
    await eventually(lambda: bridge.counts().processes == 1)
    opening.cancel()

    await eventually(lambda: bridge.counts().processes == 0)


async def test_an_http_sse_stream_that_never_initializes_is_ended(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py", handshake_seconds=0.3)

    async with http.get(bridge.address + "/sse") as stream:
        await asyncio.wait_for(stream.content.read(), 5)

    assert bridge.counts().sessions == 0


async def test_an_http_sse_session_ends_with_its_stream(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, eventually: Eventually
) -> None:
    bridge = await start_bridge("plain_server.py")

    async with http.get(bridge.address + "/sse") as stream:
        await stream.content.readline()
        path = (await stream.content.readline()).decode().removeprefix("data: ").strip()
        async with http.post(bridge.address + path, json=initialize_message()) as accepted:
            assert accepted.status == 202
        await eventually(lambda: bridge.counts().processes == 1)
        stream.close()

    await eventually(lambda: bridge.counts().processes == 0)


async def test_a_question_that_a_lost_client_never_answers_keeps_nothing(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, eventually: Eventually
) -> None:
    bridge = await start_bridge("plain_server.py", answer_seconds=0.5, idle_seconds=0.5)
    session = await RawSession(http, bridge.address).open()

    async with session.post(message("ask", 1)) as stream:
        await stream.content.readline()
        await asyncio.sleep(1)
        assert bridge.counts().sessions == 1
        stream.close()

    await eventually(lambda: bridge.counts().processes == 0, 4)

"""HTTP+SSE (2024-11-05): the stream is the session."""

import asyncio
from typing import Any

import aiohttp
import pytest
from mcp import ClientSession
from mcp.client.sse import sse_client
from mcp.shared.exceptions import MCPError

from integration.sidecar.fixture_types import BridgeStarter, Eventually
from integration.sidecar.raw_client import BOTH_TYPES, events_of, initialize_message, message


def text_of(result: Any) -> str:
    """The text of a tool's answer."""
    text: str = result.content[0].text
    return text


async def test_calls_progress_and_logs_come_on_the_stream(
    start_bridge: BridgeStarter, eventually: Eventually
) -> None:
    bridge = await start_bridge("sdk_server.py")
    seen: list[float] = []

    async def remember(progress: float, total: float | None, message: str | None) -> None:
        seen.append(progress)

    async with (
        sse_client(bridge.address + "/sse") as (read, write),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        answer = await session.call_tool("count_to", {"number": 5}, progress_callback=remember)
        marks = [await session.call_tool("mark", {"text": text}) for text in ("a", "b")]
        counted = bridge.counts()

    assert text_of(answer) == "counted to 5"
    assert seen == [1, 2, 3, 4, 5]
    assert text_of(marks[-1]) == "a b"
    assert (counted.sessions, counted.processes, counted.streams) == (1, 1, 1)
    await eventually(lambda: bridge.counts().processes == 0)


async def test_a_server_that_does_not_start_is_told_on_the_stream(
    start_bridge: BridgeStarter,
) -> None:
    bridge = await start_bridge("bad_server.py", "exit_at_start")

    async with (
        sse_client(bridge.address + "/sse") as (read, write),
        ClientSession(read, write) as session,
    ):
        with pytest.raises(MCPError, match=r"did not start: .*exit code 3.*no such file") as raised:
            await asyncio.wait_for(session.initialize(), 10)

    assert raised.value.error.code == -31002


async def test_a_message_before_initialize_is_refused(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py")

    async with http.get(bridge.address + "/sse", headers={"Accept": BOTH_TYPES}) as stream:
        endpoint = await anext(events_of(stream))
        async with http.post(bridge.address + endpoint["data"], json=message("ping", 1)) as answer:
            body = await answer.json()

    assert (answer.status, body["id"]) == (400, 1)
    assert "initialize" in body["error"]["message"]


async def test_an_unknown_session_is_not_found(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py")

    url = bridge.address + "/messages?sessionId=unknown"
    async with http.post(url, json=initialize_message()) as answer:
        assert answer.status == 404


async def test_an_id_that_is_in_flight_is_refused_on_the_stream(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py")

    async with http.get(bridge.address + "/sse") as stream:
        events = events_of(stream)
        url = bridge.address + (await anext(events))["data"]
        for body in (initialize_message("2024-11-05"), message("forget", 5), message("echo", 5)):
            async with http.post(url, json=body) as accepted:
                assert accepted.status == 202
        came = [await anext(events), await anext(events)]

    refused, initialized = sorted(came, key=lambda event: "protocolVersion" in event["data"])
    assert "already in flight" in refused["data"]
    assert '"2024-11-05"' in initialized["data"]
    assert "id" not in initialized

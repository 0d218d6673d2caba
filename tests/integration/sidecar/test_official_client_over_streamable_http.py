"""The official Python client, in both eras, against a server on the official SDK."""

import asyncio
from typing import Any

import pytest
from mcp import ClientSession
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitResult

from integration.sidecar.fixture_types import BridgeStarter, Eventually

BOTH_ERAS = pytest.mark.parametrize("mode", ["legacy", "auto"])


def text_of(result: Any) -> str:
    text: str = result.content[0].text
    return text


@BOTH_ERAS
async def test_calls_are_answered(start_bridge: BridgeStarter, mode: str) -> None:
    bridge = await start_bridge("sdk_server.py")

    async with Client(bridge.address + "/mcp", mode=mode) as client:
        version = client.protocol_version
        answer = await client.call_tool("echo", {"text": "hé\n"})

    assert version == ("2025-11-25" if mode == "legacy" else "2026-07-28")
    assert text_of(answer) == "hé\n"


@BOTH_ERAS
async def test_progress_comes_before_the_answer_in_order(
    start_bridge: BridgeStarter, mode: str
) -> None:
    bridge = await start_bridge("sdk_server.py")
    seen: list[float] = []

    async def remember(progress: float, total: float | None, message: str | None) -> None:
        seen.append(progress)

    async with Client(bridge.address + "/mcp", mode=mode) as client:
        await client.call_tool("count_to", {"number": 20}, progress_callback=remember)

    assert seen == list(range(1, 21))


@BOTH_ERAS
async def test_a_question_of_the_server_reaches_the_client(
    start_bridge: BridgeStarter, mode: str
) -> None:
    bridge = await start_bridge("sdk_server.py")
    asked: list[str] = []

    async def consent(context: Any, params: Any) -> ElicitResult:
        asked.append(params.message)
        return ElicitResult(action="accept", content={"agreed": True})

    async with Client(bridge.address + "/mcp", mode=mode, elicitation_callback=consent) as client:
        if mode == "auto":
            with pytest.raises(MCPError):  # pushed questions are not part of 2026-07-28
                await client.call_tool("ask_consent", {"question": "may I?"})
        else:
            answer = await client.call_tool("ask_consent", {"question": "may I?"})
            assert (text_of(answer), asked) == ("accept", ["may I?"])


async def test_each_legacy_session_has_its_own_process(
    start_bridge: BridgeStarter, eventually: Eventually
) -> None:
    bridge = await start_bridge("sdk_server.py")

    async with (
        Client(bridge.address + "/mcp", mode="legacy") as one,
        Client(bridge.address + "/mcp", mode="legacy") as other,
    ):
        await one.call_tool("mark", {"text": "mine"})
        seen_by_other = await other.call_tool("mark", {"text": "yours"})
        seen_by_one = await one.call_tool("mark", {"text": "again"})
        counted = bridge.counts()

    assert text_of(seen_by_other) == "yours"
    assert text_of(seen_by_one) == "mine again"
    assert (counted.sessions, counted.processes) == (2, 2)
    await eventually(lambda: bridge.counts().processes == 0)


async def test_modern_clients_share_one_process(start_bridge: BridgeStarter) -> None:
    bridge = await start_bridge("sdk_server.py")

    async with (
        Client(bridge.address + "/mcp", mode="2026-07-28") as one,
        Client(bridge.address + "/mcp", mode="2026-07-28") as other,
    ):
        answers = await asyncio.gather(
            *(client.call_tool("process_id", {}) for client in (one, other) for _ in range(5))
        )

    assert len({text_of(answer) for answer in answers}) == 1
    assert bridge.counts().processes == 1


async def test_equal_ids_of_many_modern_clients_do_not_cross(start_bridge: BridgeStarter) -> None:
    bridge = await start_bridge("sdk_server.py")

    async def one_client(number: int) -> bool:
        async with Client(bridge.address + "/mcp", mode="2026-07-28") as client:
            answers = [
                await client.call_tool("echo", {"text": f"{number}/{turn}"}) for turn in range(10)
            ]
            return [text_of(a) for a in answers] == [f"{number}/{turn}" for turn in range(10)]

    assert all(await asyncio.gather(*(one_client(number) for number in range(10))))


async def test_a_subscription_hears_of_a_change_made_by_another_client(
    start_bridge: BridgeStarter,
) -> None:
    bridge = await start_bridge("sdk_server.py")

    async with (
        Client(bridge.address + "/mcp", mode="auto") as listener,
        Client(bridge.address + "/mcp", mode="auto") as changer,
        listener.listen(tools_list_changed=True) as events,
    ):
        await changer.call_tool("change_tools", {})
        event = await asyncio.wait_for(anext(aiter(events)), 5)

    assert type(event).__name__ == "ToolsListChanged"


async def test_a_legacy_log_message_reaches_its_client(start_bridge: BridgeStarter) -> None:
    bridge = await start_bridge("sdk_server.py")
    heard: asyncio.Queue[Any] = asyncio.Queue()

    async def hear(params: Any) -> None:
        await heard.put(params.data)

    async with (
        streamable_http_client(bridge.address + "/mcp") as (read, write),
        ClientSession(read, write, logging_callback=hear) as session,
    ):
        await session.initialize()
        await session.call_tool("tell_log", {"text": "listen"})
        said = await asyncio.wait_for(heard.get(), 5)

    assert said == "listen"


async def test_a_modern_client_of_a_legacy_server_falls_back(start_bridge: BridgeStarter) -> None:
    bridge = await start_bridge("plain_server.py")

    async with Client(bridge.address + "/mcp", mode="auto") as client:
        version = client.protocol_version

    assert version == "2025-11-25"

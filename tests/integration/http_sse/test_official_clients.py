"""The official clients of both transports against the official server of the other one."""

import asyncio
from typing import Any

import pytest
from mcp import types
from mcp.client import Client

from integration.http_sse.conftest import GatewayStarter, eventually, group
from integration.http_sse.official_clients import Transport, newer, older

pytestmark = pytest.mark.filterwarnings("ignore::mcp.MCPDeprecationWarning")


async def paint_it(context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
    return types.ElicitResult(action="accept", content={"colour": f"not {params.message}"})


COMBINATIONS = [
    pytest.param(older, "/older", id="HTTP+SSE client, HTTP+SSE endpoint"),
    pytest.param(older, "/newer", id="HTTP+SSE client, streamable HTTP endpoint"),
    pytest.param(newer, "/older", id="streamable HTTP client, HTTP+SSE endpoint"),
]


@pytest.fixture(params=[1, 2], ids=["one replica", "two replicas"])
async def bases(
    request: pytest.FixtureRequest, start_gateway: GatewayStarter, sdk_server: str
) -> list[str]:
    groups = (
        group("older", f"{sdk_server}/sse", "HttpSse"),
        group("newer", f"{sdk_server}/mcp"),
    )
    return [(await start_gateway(*groups))[1] for _ in range(request.param)]


@pytest.mark.parametrize("mode", ["legacy", "auto"])
@pytest.mark.parametrize(("transport", "path"), COMBINATIONS)
async def test_state_messages_and_questions_stay_in_their_session(
    bases: list[str], start_gateway: GatewayStarter, transport: Transport, path: str, mode: Any
) -> None:
    logs: list[Any] = []
    steps: list[float] = []

    async def log(params: types.LoggingMessageNotificationParams) -> None:
        logs.append(params.data)

    async def step(progress: float, total: float | None, message: str | None) -> None:
        steps.append(progress)

    async with (
        asyncio.timeout(20),
        Client(
            transport(bases, path),
            mode=mode,
            elicitation_callback=paint_it,
            logging_callback=log,
        ) as client,
    ):
        modern = client.protocol_version >= "2026-07-28"
        assert len((await client.list_tools()).tools) == 6
        for number in range(3):
            remembered = await client.call_tool("remember", {"word": f"w{number}"})
            if not modern:
                assert remembered.structured_content == {"result": number + 1}
        counted = await client.call_tool("count_up", {"steps": 4}, progress_callback=step)
        assert counted.structured_content == {"result": "counted"}
        assert steps == [1, 2, 3, 4]
        if not modern:
            assert logs == ["step 1", "step 2", "step 3", "step 4"]
            asked = await client.call_tool("ask_colour", {})
            assert asked.structured_content == {"result": "not Which colour?"}
            recalled = await client.call_tool("recall", {})
            assert recalled.structured_content == {"result": ["w0", "w1", "w2"]}
        large = await client.call_tool("say", {"size": 400_000})
        assert large.structured_content == {"result": "x" * 400_000}
    await eventually(lambda: all(g.status().streams == 0 for g in start_gateway.gateways))


@pytest.mark.parametrize(("transport", "path"), COMBINATIONS)
async def test_many_clients_at_once_never_meet(
    bases: list[str], transport: Transport, path: str
) -> None:
    async def one(number: int) -> None:
        async with Client(transport(bases, path), mode="legacy") as client:
            calls = [client.call_tool("say", {"size": number + n}) for n in range(5)]
            for n, result in enumerate(await asyncio.gather(*calls)):
                assert result.structured_content == {"result": "x" * (number + n)}
            await client.call_tool("remember", {"word": str(number)})
            recalled = await client.call_tool("recall", {})
            assert recalled.structured_content == {"result": [str(number)]}

    async with asyncio.timeout(30):
        await asyncio.gather(*(one(number) for number in range(8)))

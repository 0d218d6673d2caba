"""The official clients of both transports against the official server of the other one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp import types
from mcp.client import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from integration.http_sse.conftest import GatewayStarter, eventually, group

pytestmark = pytest.mark.filterwarnings("ignore::mcp.MCPDeprecationWarning")

Transport = Callable[[list[str], str], AbstractAsyncContextManager[Any]]
"""From the replicas' base URLs and a path: requests go round robin over the replicas."""


class RoundRobin:
    """Sends each request to the next replica."""

    def __init__(self, bases: list[str]) -> None:
        self._ports = [httpx2.URL(base).port for base in bases]
        self._turn = 0

    async def __call__(self, request: httpx2.Request) -> None:
        request.url = request.url.copy_with(port=self._ports[self._turn % len(self._ports)])
        self._turn += 1

    def client(self, *args: Any, **kwargs: Any) -> httpx2.AsyncClient:
        client = create_mcp_http_client(*args, **kwargs)
        client.event_hooks = {"request": [self]}
        return client


def older(bases: list[str], path: str) -> AbstractAsyncContextManager[Any]:
    return sse_client(bases[0] + path, httpx_client_factory=RoundRobin(bases).client)


@asynccontextmanager
async def newer(bases: list[str], path: str) -> AsyncIterator[Any]:
    async with (
        RoundRobin(bases).client() as http,
        streamable_http_client(bases[0] + path, http_client=http) as streams,
    ):
        yield streams


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

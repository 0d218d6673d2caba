"""One of two gateways stops under the load of official clients: no operation of theirs fails."""

import asyncio
import json
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from mcp import Client
from mcp_types import CallToolResult, LoggingMessageNotificationParams, TextContent

from fakes.child_process import serving
from fakes.in_process_gateway import QUICK, gateway, table_of, until
from integration.stopping.readiness_balancer import balanced
from moorage_gateway.process import Gateway

MODERN = "2026-07-28"
CLIENTS = 6
"""Of each kind."""
BUSY_SECONDS = 15.0
AFTER_SECONDS = 1.5
LIMITS = replace(QUICK, readiness_seconds=1.0, drain_seconds=5.0)


@dataclass
class Load:
    """What the clients do, and what became of it."""

    url: str
    over: asyncio.Event = field(default_factory=asyncio.Event)
    done: Counter[str] = field(default_factory=Counter)

    async def legacy(self, name: str) -> None:
        """A session counts its calls; its server tells the count, and every tenth on its stream."""

        async def heard(params: LoggingMessageNotificationParams) -> None:
            self.done["heard on a stream"] += 1

        async with Client(self.url, mode="legacy", logging_callback=heard) as client:
            count = 0
            while not self.over.is_set():
                count += 1
                told = json.loads(
                    _text(await client.call_tool("advance", {"owner": name, "nonce": str(count)}))
                )
                assert (told["owner"], told["count"], told["nonce"]) == (name, count, str(count))
                self.done["legacy calls"] += 1

    async def modern(self, name: str) -> None:
        """JSON and SSE in turn, a question in between."""
        async with Client(self.url, mode=MODERN) as client:
            while not self.over.is_set():
                assert _text(await client.call_tool("test_simple_text"))
                assert _text(await client.call_tool("test_tool_with_progress"))
                self.done["modern calls"] += 2

    async def listens(self, name: str) -> None:
        """A listen that ends in good order is opened anew; one that is lost is a failure."""
        async with Client(self.url, mode=MODERN) as client:
            while not self.over.is_set():
                async with client.listen(tools_list_changed=True) as subscription:
                    self.done["listens"] += 1
                    await self._listen(subscription)

    async def _listen(self, subscription: Any) -> None:
        ended = asyncio.ensure_future(anext(subscription, None))
        over = asyncio.ensure_future(self.over.wait())
        await asyncio.wait((ended, over), return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            assert ended.result() is None
        for task in (ended, over):
            task.cancel()
        await asyncio.gather(ended, over, return_exceptions=True)


def _text(result: CallToolResult) -> str:
    content = result.content[0]
    assert not result.is_error and isinstance(content, TextContent), result
    return content.text


def requests_of(made: Gateway) -> int:
    return made.status().requests


async def test_no_operation_fails() -> None:
    async with AsyncExitStack() as stack:
        servers = [serving("fakes.conformance_server") for _ in range(2)]
        urls = [
            server.url()
            for server in await asyncio.gather(*map(stack.enter_async_context, servers))
        ]
        table = table_of(urls)
        first = await stack.enter_async_context(gateway(table, LIMITS))
        second = await stack.enter_async_context(gateway(table, LIMITS))
        load = Load(await stack.enter_async_context(balanced((first, second))))
        kinds = (load.legacy, load.modern, load.listens)
        async with asyncio.TaskGroup() as clients:
            for number in range(CLIENTS):
                for kind in kinds:
                    clients.create_task(kind(f"{kind.__name__}-{number}"))
            await until(
                lambda: (
                    min(requests_of(first), requests_of(second)) > 20
                    and load.done["listens"] == CLIENTS
                ),
                "both are busy",
                BUSY_SECONDS,
            )
            before = requests_of(second)
            await first.stop()
            await asyncio.sleep(AFTER_SECONDS)
            assert requests_of(second) > before + 50
            load.over.set()
        # Those of the first gateway were ended with their result, and opened at the other one.
        assert CLIENTS < load.done["listens"] <= 2 * CLIENTS
        assert load.done["legacy calls"] > 100 and load.done["modern calls"] > 100
        assert load.done["heard on a stream"] > 10

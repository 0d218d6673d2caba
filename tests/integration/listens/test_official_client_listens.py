"""The official client listens through the gateway to servers of the official SDK."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from mcp import Client
from mcp.client.subscriptions import Subscription
from mcp.shared.subscriptions import PromptsListChanged, ResourceUpdated, ToolsListChanged

from fakes.child_process import ServerProcess, serving
from fakes.in_process_gateway import QUICK, gateway, table_of
from moorage_gateway.process import Gateway

MODERN = "2026-07-28"
WATCHED = "test://watched-resource"


@asynccontextmanager
async def replicas() -> AsyncIterator[tuple[Gateway, list[ServerProcess]]]:
    """One gateway over three servers, each in a process of its own."""
    async with AsyncExitStack() as stack:
        starting = [serving("fakes.conformance_server") for _ in range(3)]
        servers = list(await asyncio.gather(*map(stack.enter_async_context, starting)))
        table = table_of([server.url() for server in servers])
        yield await stack.enter_async_context(gateway(table, QUICK)), servers


async def next_event(subscription: Subscription) -> object:
    async with asyncio.timeout(5):
        return await anext(subscription)


async def test_it_hears_what_changes_at_any_server_until_the_end() -> None:
    async with replicas() as (made, servers):
        url = f"http://127.0.0.1:{made.port}/mcp"
        async with (
            Client(url, mode="auto") as client,
            client.listen(tools_list_changed=True, resource_subscriptions=[WATCHED]) as first,
            client.listen(prompts_list_changed=True) as second,
        ):
            assert client.protocol_version == MODERN
            assert first.honored.tools_list_changed and not first.honored.prompts_list_changed
            assert first.honored.resource_subscriptions == [WATCHED]
            for server in servers:
                await hear_what_changes_at(server, first, second)
            # A change made through the gateway, wherever it lands.
            await client.call_tool("test_trigger_tool_change")
            assert await next_event(first) == ToolsListChanged()
            await replace_one(made, servers, client, first, second)
            await end_in_good_order(made, first, second)


async def hear_what_changes_at(
    server: ServerProcess, first: Subscription, second: Subscription
) -> None:
    async with Client(server.url(), mode=MODERN) as direct:
        await direct.call_tool("test_trigger_tool_change")
        assert await next_event(first) == ToolsListChanged()
        await direct.call_tool("test_trigger_prompt_change")
        assert await next_event(second) == PromptsListChanged()
        await direct.call_tool("test_trigger_resource_update", {"uri": WATCHED})
        assert await next_event(first) == ResourceUpdated(uri=WATCHED)


async def replace_one(
    made: Gateway,
    servers: list[ServerProcess],
    client: Client,
    first: Subscription,
    second: Subscription,
) -> None:
    """A server that stops ends its listens; the client's go on, and hear of the replacement."""
    servers[0].child.may_have_ended = True
    await servers[0].child.stop()
    await client.call_tool("test_trigger_tool_change")
    assert await next_event(first) == ToolsListChanged()
    async with serving("fakes.conformance_server") as other:
        made.apply(table_of([other.url(), *(server.url() for server in servers[1:])]))
        assert {await next_event(first), await next_event(first)} == {
            ToolsListChanged(),
            ResourceUpdated(uri=WATCHED),
        }
        assert await next_event(second) == PromptsListChanged()
        await hear_what_changes_at(other, first, second)


async def end_in_good_order(made: Gateway, *subscriptions: Subscription) -> None:
    """A stop of the gateway is told as the end of the listens, not as their loss."""
    assert made.status().streams == len(subscriptions)
    stopping = asyncio.create_task(made.stop())
    for subscription in subscriptions:
        assert [event async for event in subscription] == []
    await stopping

"""A change at any endpoint reaches every listener, over one stream to each endpoint."""

import asyncio

from fakes.honest_endpoint import honest_upstreams
from fakes.honest_session import untouched
from fakes.in_process_gateway import QUICK, gateway, table_of, until, urls_of
from integration.listens.listeners import TOOLS, TOOLS_CHANGED, listeners, listening

CLIENTS = 50


async def test_fifty_clients_share_one_stream_to_each_endpoint() -> None:
    async with (
        honest_upstreams(3) as upstreams,
        gateway(table_of(urls_of(upstreams)), QUICK) as made,
        untouched(made.port),
    ):
        async with listeners(made.port, CLIENTS) as clients:
            assert [len(each.server.of("subscriptions/listen")) for each in upstreams] == [1, 1, 1]
            assert [len(each.endpoint.listens) for each in upstreams] == [1, 1, 1]
            for upstream in upstreams:
                await upstream.endpoint.changed()
                heard = await asyncio.gather(*(client.hears() for client in clients))
                assert {message["method"] for message in heard} == {TOOLS_CHANGED}
                assert {message["params"]["from"] for message in heard} == {upstream.endpoint.name}
            for client in clients[:-1]:
                client.client.close()
            await until(lambda: made.status().streams == 1, "all but one have left")
            assert [len(each.endpoint.listens) for each in upstreams] == [1, 1, 1]
            left_at = asyncio.get_running_loop().time()
        await until(
            lambda: not any(each.endpoint.listens for each in upstreams), "the streams are closed"
        )
        assert asyncio.get_running_loop().time() - left_at < 0.5
        # Who comes then gets streams of their own.
        async with listening(made.port):
            assert [len(each.server.of("subscriptions/listen")) for each in upstreams] == [2, 2, 2]


async def test_notifications_keep_their_order_and_their_own_members() -> None:
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream])), QUICK) as made,
        listening(made.port, {"resourceSubscriptions": ["a://b"]}, 7) as client,
    ):
        ((request, peer),) = upstream.endpoint.listens
        for number in range(300):
            meta = {"own": [number, 1.50], "io.modelcontextprotocol/subscriptionId": "theirs"}
            params = {"uri": "a://b", "number": number, "_meta": meta}
            await peer.event(
                {"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": params}
            )
        for number in range(300):
            params = (await client.hears())["params"]
            assert params["number"] == number
            assert params["_meta"]["own"] == [number, 1.5]
        assert request.message["params"]["notifications"] == {"resourceSubscriptions": ["a://b"]}


async def test_clients_that_want_different_things_do_not_share() -> None:
    prompts = {"promptsListChanged": True}
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream])), QUICK) as made,
        listening(made.port, TOOLS, 1) as tools,
        listening(made.port, prompts, 2) as prompted,
    ):
        assert len(upstream.endpoint.listens) == 2
        (_, peer), _ = upstream.endpoint.listens
        await peer.event({"jsonrpc": "2.0", "method": TOOLS_CHANGED})
        assert (await tools.hears())["method"] == TOOLS_CHANGED
        await prompted.hears_nothing()


async def test_what_was_not_asked_for_is_not_passed_on() -> None:
    """Spec: a server must not send what its client has not requested."""
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream])), QUICK) as made,
        listening(made.port, TOOLS) as client,
    ):
        (_, peer) = upstream.endpoint.listens[0]
        for method in ("message", "prompts/list_changed", "resources/updated", "tasks"):
            params = {"uri": "a://b", "taskId": "t"}
            await peer.event(
                {"jsonrpc": "2.0", "method": f"notifications/{method}", "params": params}
            )
        await peer.event({"jsonrpc": "2.0", "id": 1, "method": "elicitation/create", "params": {}})
        await client.hears_nothing()
        await upstream.endpoint.changed()
        assert (await client.hears())["method"] == TOOLS_CHANGED


async def test_callers_own_headers_reach_the_endpoint_and_keep_callers_apart() -> None:
    """Another API key may see other tools: such clients never share a stream."""
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream])), QUICK) as made,
        listening(made.port, TOOLS, 1, "X-Api-Key: one", "X-Request-Id: 1", "User-Agent: a/1"),
        listening(made.port, TOOLS, 2, "X-Api-Key: two"),
        listening(made.port, TOOLS, 3, "X-Api-Key: one", "X-Request-Id: 3", "User-Agent: b/2"),
    ):
        asked = upstream.server.of("subscriptions/listen")
        assert [request.headers["x-api-key"] for request in asked] == ["one", "two"]
        assert asked[0].headers["mcp-protocol-version"] == "2026-07-28"
        assert "x-request-id" not in asked[0].headers

"""Listens that are not served: malformed, nobody there, too many."""

from dataclasses import replace

import pytest

from fakes.honest_endpoint import honest_upstreams
from fakes.in_process_gateway import (
    QUICK,
    gateway,
    refusals,
    table_of,
    until,
    until_ready,
    urls_of,
)
from fakes.raw_http import connected, message, modern, post
from integration.listens.listeners import TOOLS, listeners, listening, refused

LISTEN = "subscriptions/listen"


@pytest.mark.parametrize(
    ("filter_", "path"),
    [
        (None, "params.notifications must be an object"),
        ([], "params.notifications must be an object"),
        ("tools", "params.notifications must be an object"),
        ({"toolsListChanged": 1}, "params.notifications.toolsListChanged must be true or false"),
        ({"promptsListChanged": "true"}, "params.notifications.promptsListChanged must be"),
        ({"resourcesListChanged": {}}, "params.notifications.resourcesListChanged must be"),
        ({"resourceSubscriptions": "a"}, "params.notifications.resourceSubscriptions must be a"),
        ({"resourceSubscriptions": [1]}, "params.notifications.resourceSubscriptions must be a"),
        ({"taskIds": {"a": 1}}, "params.notifications.taskIds must be a list of strings"),
        ({"taskIds": ["a"] * 1025}, "params.notifications.taskIds has more than 1024 entries"),
        ({f"x/{n}": 1 for n in range(65)}, "params.notifications has more than 64 further"),
    ],
)
async def test_a_malformed_filter_is_refused_with_its_path(filter_: object, path: str) -> None:
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream])), QUICK) as made,
    ):
        answer = await refused(made.port, filter_, "mine")
        assert (answer.status, answer.reason) == (400, "BadSubscriptionFilter")
        assert answer.error["code"] == -32602
        assert answer.error["message"].startswith(path)
        assert answer.message["id"] == "mine"
        assert upstream.server.of(LISTEN) == []


async def test_a_listen_without_an_id_or_a_filter_is_refused() -> None:
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream])), QUICK) as made,
        connected(made.port) as client,
    ):
        lines = ("MCP-Protocol-Version: 2026-07-28", f"Mcp-Method: {LISTEN}")
        await client.send(post(message(LISTEN, None, notifications=TOOLS), *lines))
        answer = await client.answer()
        assert (answer.status, answer.reason) == (400, "MalformedRequest")
        await client.send(modern(LISTEN, 1))
        answer = await client.answer()
        assert (answer.status, answer.reason) == (400, "BadSubscriptionFilter")
        assert upstream.server.of(LISTEN) == []


async def test_where_no_endpoint_is_ready_the_client_is_told_so() -> None:
    async with honest_upstreams() as (upstream,):
        table = table_of(urls_of([upstream]))
        await upstream.server.stop()
        async with gateway(table, QUICK, ready=0) as made:
            answer = await refused(made.port, TOOLS)
            assert (answer.status, answer.reason) == (503, "NoReadyEndpoint")
            assert answer.header("retry-after") == "1"
            await upstream.server.start()
            await until_ready(made, 1)
            async with listening(made.port) as client:
                assert client.honoured == TOOLS


async def test_more_listens_than_the_bound_are_refused_and_disturb_nobody() -> None:
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream])), replace(QUICK, streams=3)) as made,
        listeners(made.port, 3) as clients,
    ):
        answer = await refused(made.port, TOOLS)
        assert (answer.status, answer.reason) == (503, "TooManyStreams")
        assert answer.header("retry-after") == "5"
        assert await refusals(made) == {"TooManyStreams": 1}
        await upstream.endpoint.changed()
        for client in clients:
            await client.hears()
        clients[0].client.close()
        await until(lambda: made.status().streams == 2, "one has left")
        async with listening(made.port) as late:
            assert late.honoured == TOOLS

"""Tasks in a filter: capsules go to the endpoint that runs the task, under its own id, and back."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fakes.honest_endpoint import HonestUpstream, honest_upstreams, result
from fakes.in_process_gateway import QUICK, gateway, table_of, urls_of, without
from fakes.raw_http import connected, modern
from fakes.scripted_upstream import Peer, Received
from integration.listens.listeners import TOOLS_CHANGED, listening, refused
from moorage_gateway.process import Gateway

LISTEN = "subscriptions/listen"


async def begins_a_task(request: Received, peer: Peer) -> None:
    """Every endpoint gives its first task the same id."""
    await peer.json(
        result(request, {"resultType": "task", "taskId": "task-1", "status": "working"})
    )


@asynccontextmanager
async def serving(count: int = 3) -> AsyncIterator[tuple[Gateway, list[HonestUpstream]]]:
    async with (
        honest_upstreams(count, on={"work": begins_a_task}) as upstreams,
        gateway(table_of(urls_of(upstreams)), QUICK) as made,
    ):
        yield made, upstreams


async def task_of(made: Gateway, upstream: HonestUpstream) -> str:
    """The capsule of a task that this very endpoint runs."""
    before = len(upstream.server.of("tools/call"))
    while len(upstream.server.of("tools/call")) == before:
        async with connected(made.port) as client:
            await client.send(modern("tools/call", 1, name="work", arguments={}))
            text: str = (await client.answer()).message["result"]["taskId"]
    return text


async def tell_of_task(upstream: HonestUpstream, task_id: str, method: str = "tasks") -> None:
    for _, peer in tuple(upstream.endpoint.listens):
        params = {"taskId": task_id, "status": "completed", "result": {"taskId": "task-1"}}
        await peer.event({"jsonrpc": "2.0", "method": f"notifications/{method}", "params": params})


async def test_a_task_is_asked_for_at_its_own_endpoint_only() -> None:
    async with serving() as (made, upstreams):
        text = await task_of(made, upstreams[1])
        async with listening(made.port, {"taskIds": [text]}) as client:
            assert client.honoured == {"taskIds": [text]}
            assert [len(each.server.of(LISTEN)) for each in upstreams] == [0, 1, 0]
            (asked,) = upstreams[1].server.of(LISTEN)
            assert asked.message["params"]["notifications"] == {"taskIds": ["task-1"]}
            for method in ("tasks", "tasks/status"):
                await tell_of_task(upstreams[1], "task-1", method)
                heard = await client.hears()
                assert heard["method"] == f"notifications/{method}"
                assert heard["params"]["taskId"] == text
                # A task's result is the tool's own: nothing in it is ours to change.
                assert heard["params"]["result"] == {"taskId": "task-1"}


async def test_tasks_of_two_endpoints_with_the_same_id_are_never_crossed() -> None:
    async with serving() as (made, upstreams):
        one = await task_of(made, upstreams[0])
        two = await task_of(made, upstreams[2])
        wanted = {"toolsListChanged": True, "taskIds": [one, two]}
        async with listening(made.port, wanted) as client:
            assert sorted(client.honoured["taskIds"]) == sorted([one, two])
            assert client.honoured["toolsListChanged"] is True
            assert [
                each.server.of(LISTEN)[0].message["params"]["notifications"] for each in upstreams
            ] == [
                {"toolsListChanged": True, "taskIds": ["task-1"]},
                {"toolsListChanged": True},
                {"toolsListChanged": True, "taskIds": ["task-1"]},
            ]
            await tell_of_task(upstreams[0], "task-1")
            assert (await client.hears())["params"]["taskId"] == one
            await tell_of_task(upstreams[2], "task-1")
            assert (await client.hears())["params"]["taskId"] == two
            # Nobody has asked for these: neither here nor under that id.
            await tell_of_task(upstreams[1], "task-1")
            await tell_of_task(upstreams[0], "task-2")
            await client.hears_nothing()
            await upstreams[1].endpoint.changed()
            assert (await client.hears())["method"] == TOOLS_CHANGED


async def test_an_endpoint_that_does_not_honour_tasks_is_taken_at_its_word() -> None:
    async with serving() as (made, upstreams):
        text = await task_of(made, upstreams[1])
        upstreams[1].endpoint.honours = {"toolsListChanged": True}
        wanted = {"toolsListChanged": True, "taskIds": [text]}
        async with listening(made.port, wanted) as client:
            assert client.honoured == {"toolsListChanged": True}


async def test_a_wrong_task_and_one_of_a_gone_endpoint_are_refused_alike() -> None:
    async with serving() as (made, upstreams):
        text = await task_of(made, upstreams[1])
        unknown = await refused(made.port, {"taskIds": ["task-1"]})
        assert (unknown.status, unknown.error["code"]) == (400, -32602)
        assert json.loads(unknown.body)["error"]["message"] == "invalid or expired taskId"
        forged = await refused(
            made.port, {"taskIds": [text[:-1] + ("A" if text[-1] != "A" else "B")]}
        )
        made.apply(without(table_of(urls_of(upstreams)), "uid-1"))
        gone = await refused(made.port, {"taskIds": [text], "toolsListChanged": True})
        assert unknown.body == forged.body == gone.body
        assert [len(each.server.of(LISTEN)) for each in upstreams] == [0, 0, 0]

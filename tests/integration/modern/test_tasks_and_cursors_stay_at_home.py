"""Tasks and list cursors: whoever gave one gets it back in its own words, from either gateway."""

import asyncio
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from fakes.honest_endpoint import result
from fakes.scripted_upstream import Behaviour, Peer, Received
from integration.modern.replicas import Replicas, replicas

TASKS = 30
PAGES = 5


def runs_tasks(name: str) -> Mapping[str, Behaviour]:
    """Every endpoint numbers its tasks from 1."""
    tasks: dict[str, int] = {}

    async def begin(request: Received, peer: Peer) -> None:
        task_id = str(len(tasks) + 1)
        tasks[task_id] = 0
        await peer.json(result(request, {"resultType": "task", **state_of(task_id)}))

    async def get(request: Received, peer: Peer) -> None:
        task_id = request.message["params"]["taskId"]
        assert request.headers["mcp-name"] == task_id
        tasks[task_id] += 1
        await peer.json(result(request, {"resultType": "complete", **state_of(task_id)}))

    async def acknowledge(request: Received, peer: Peer) -> None:
        assert request.headers["mcp-name"] == request.message["params"]["taskId"] in tasks
        await peer.json(result(request, {"resultType": "complete"}))

    def state_of(task_id: str) -> dict[str, Any]:
        return {"taskId": task_id, "status": "working", "asked": tasks[task_id], "by": name}

    return {
        "work": begin,
        "tasks/get": get,
        "tasks/update": acknowledge,
        "tasks/cancel": acknowledge,
    }


async def begin_task(there: Replicas) -> tuple[str, str]:
    """The client's text of a fresh task, and who runs it."""
    told = await there.result("tools/call", {"name": "work", "arguments": {}})
    return told["taskId"], told["by"]


async def test_every_request_for_a_task_reaches_the_endpoint_that_runs_it() -> None:
    async with replicas(runs_tasks) as there:
        begun = await asyncio.gather(*(begin_task(there) for _ in range(TASKS)))
        assert len({text for text, _ in begun}) == TASKS
        assert len(Counter(by for _, by in begun)) == 3

        async def follow(text: str, by: str) -> None:
            for asked in (1, 2, 3):
                told = await there.result("tasks/get", {"taskId": text})
                # The text that the client holds stays the same, whoever answers.
                assert (told["taskId"], told["by"], told["asked"]) == (text, by, asked)
            for method in ("tasks/update", "tasks/cancel"):
                params = {"taskId": text, "inputResponses": {}}
                assert await there.result(method, params)

        await asyncio.gather(*(follow(*each) for each in begun))
        for upstream in there.upstreams:
            assert upstream.server.failures == [] and upstream.server.garbage == []


@pytest.mark.parametrize(
    "own_id",
    [
        "plain-1",
        "mit Leerzeichen",
        " at the edge ",
        "na\u00efve \u2603 \U0001f600",
        "two\r\nX-Evil: lines",
        "tab\tand\x00nul",
        "=?base64?YQ==?=",
        "x" * 2000,
    ],
)
async def test_any_id_of_an_endpoint_goes_back_to_it_as_it_was(own_id: str) -> None:
    """What is no plain header text travels in the base64 form that MCP has for it."""

    async def behave(request: Received, peer: Peer) -> None:
        params = request.message["params"]
        told = params.get("taskId")
        await peer.json(result(request, {"taskId": own_id, "right": told == own_id}))

    async with replicas(lambda name: {"work": behave, "tasks/get": behave}, count=1) as there:
        text, right = (await there.result("tools/call", {"name": "work"})).values()
        assert (right, text != own_id, text.isascii()) == (False, True, True)
        told = await there.result("tasks/get", {"taskId": text})
        assert told == {"taskId": text, "right": True}
        (asked,) = there.upstreams[0].server.of("tasks/get")
        plain = own_id in ("plain-1", "mit Leerzeichen", "x" * 2000)
        encoded = f"=?base64?{b64encode(own_id.encode()).decode()}?="
        assert asked.headers["mcp-name"] == (own_id if plain else encoded)
        assert "x-evil" not in asked.headers and there.upstreams[0].server.garbage == []


def pages(name: str) -> Mapping[str, Behaviour]:
    """Lists of several pages whose cursors mean something to this endpoint only."""

    async def page(request: Received, peer: Peer) -> None:
        cursor = request.message["params"].get("cursor", f"{name}:0")
        owner, _, number = cursor.partition(":")
        assert owner == name, f"the cursor {cursor} came to {name}"
        following = int(number) + 1
        more = {"nextCursor": f"{name}:{following}"} if following < PAGES else {}
        value = {"resultType": "complete", "tools": [{"name": f"{name}-{number}"}], **more}
        await peer.json(result(request, value))

    return {"tools/list": page, "resources/templates/list": page}


@pytest.mark.parametrize("method", ["tools/list", "resources/templates/list"])
async def test_every_page_of_a_list_comes_from_the_endpoint_that_began_it(method: str) -> None:
    async with replicas(pages) as there:

        async def read() -> str:
            names: list[str] = []
            params: dict[str, str] = {}
            while True:
                told = await there.result(method, params)
                names += [tool["name"] for tool in told["tools"]]
                if "nextCursor" not in told:
                    break
                params = {"cursor": told["nextCursor"]}
            owner = names[0].partition("-")[0]
            assert names == [f"{owner}-{number}" for number in range(PAGES)]
            return owner

        assert set(await asyncio.gather(*(read() for _ in range(20)))) == {"e0", "e1", "e2"}

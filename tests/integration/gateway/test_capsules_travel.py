"""Any replica serves what another one gave away: sessions, states, cursors, tasks, event ids.

Two gateways with one key ring before three endpoints; requests alternate between the gateways.
"""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fakes.honest_endpoint import HonestUpstream, honest_upstreams, result, text_content
from fakes.honest_session import open_session
from fakes.in_process_gateway import gateway, refusals, table_of, urls_of
from fakes.raw_http import Answer, RawClient, call, connected, modern
from fakes.scripted_upstream import Peer, Received
from moorage_gateway.process import Gateway

ROUNDS = 12


@dataclass
class Turns:
    """One client that sends each request to the next gateway."""

    gateways: list[Gateway]
    clients: list[RawClient]
    taken: int = 0
    used: set[int] = field(default_factory=set)

    def next(self) -> RawClient:
        self.taken += 1
        return self.clients[self.taken % len(self.clients)]

    async def ask(self, octets: bytes) -> Answer:
        client = self.next()
        await client.send(octets)
        return await client.answer()

    async def result(self, octets: bytes) -> dict[str, Any]:
        answer = await self.ask(octets)
        assert answer.status == 200, answer
        found: dict[str, Any] = answer.message["result"]
        return found


@asynccontextmanager
async def two_before_three() -> AsyncIterator[tuple[Turns, list[HonestUpstream]]]:
    async with honest_upstreams(3) as upstreams, AsyncExitStack() as stack:
        for each in upstreams:
            each.endpoint.on = Modern(each.endpoint.name).behaviours()
        table = table_of(urls_of(upstreams))
        made = [await stack.enter_async_context(gateway(table)) for _ in range(2)]
        clients = [await stack.enter_async_context(connected(each.port)) for each in made]
        yield Turns(made, clients), upstreams


class Modern:
    """An endpoint that keeps something for its client and knows nothing of the other ones."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tasks: dict[str, int] = {}

    def behaviours(self) -> dict[str, Any]:
        return {
            "ask": self.ask,
            "tools/list": self.list_tools,
            "work": self.work,
            "tasks/get": self.get_task,
            "tasks/cancel": self.get_task,
        }

    async def ask(self, request: Received, peer: Peer) -> None:
        """Three questions; what was answered stands in the state."""
        state = json.loads(request.message["params"].get("requestState", f'["{self.name}", 0]'))
        assert state[0] == self.name, "another endpoint's state"
        if state[1] == 3:
            await peer.json(result(request, text_content(state)))
            return
        asked = {
            "resultType": "input_required",
            "requestState": json.dumps([self.name, state[1] + 1]),
        }
        await peer.json(result(request, asked))

    async def list_tools(self, request: Received, peer: Peer) -> None:
        """Four pages; the cursor says whose."""
        name, page = json.loads(request.message["params"].get("cursor", f'["{self.name}", 0]'))
        assert name == self.name, "another endpoint's cursor"
        listed: dict[str, Any] = {"tools": [{"name": f"{name}-{page}"}]}
        if page < 3:
            listed["nextCursor"] = json.dumps([name, page + 1])
        await peer.json(result(request, listed))

    async def work(self, request: Received, peer: Peer) -> None:
        task_id = f"{self.name}-{len(self.tasks)}"
        self.tasks[task_id] = 0
        await peer.json(result(request, {"resultType": "task", "taskId": task_id}))

    async def get_task(self, request: Received, peer: Peer) -> None:
        task_id = request.message["params"]["taskId"]
        assert request.headers["mcp-name"] == task_id
        self.tasks[task_id] += 1
        await peer.json(result(request, {"taskId": task_id, "polls": self.tasks[task_id]}))


async def test_a_legacy_session_is_served_by_both_gateways() -> None:
    async with two_before_three() as (turns, _):
        sessions = [await open_session(turns.next()) for _ in range(6)]
        for count in range(1, ROUNDS):
            for caller in sessions:
                caller.client = turns.next()
                told = await caller.count()
                assert told["count"] == count
        # A session that one gateway ended is ended at the other one too.
        caller = sessions[0]
        caller.client = turns.next()
        await caller.client.send(caller.bodiless("DELETE"))
        assert (await caller.client.answer()).status == 200
        for _ in range(2):
            caller.client = turns.next()
            assert (await caller.ask(call(1))).status == 404


async def test_a_request_state_finds_its_endpoint_from_both_gateways() -> None:
    async with two_before_three() as (turns, upstreams):
        for number in range(ROUNDS):
            asked: dict[str, Any] = {"name": "ask", "arguments": {}}
            steps = 0
            while "content" not in (
                told := await turns.result(modern("tools/call", number, **asked))
            ):
                assert "e" in told["requestState"]
                asked["requestState"] = told["requestState"]
                steps += 1
            assert steps == 3
        # The state itself travels in the clear, sealed: nothing is kept anywhere.
        calls = [len(each.server.of("tools/call")) for each in upstreams]
        assert sum(calls) == 4 * ROUNDS and min(calls) >= 4
        assert await refusals(turns.gateways[0]) == await refusals(turns.gateways[1]) == {}


async def test_a_cursor_finds_its_endpoint_and_lists_each_page_once() -> None:
    async with two_before_three() as (turns, _):
        for number in range(ROUNDS):
            pages: list[str] = []
            params: dict[str, Any] = {}
            while True:
                listed = await turns.result(modern("tools/list", number, **params))
                pages += [tool["name"] for tool in listed["tools"]]
                if "nextCursor" not in listed:
                    break
                params["cursor"] = listed["nextCursor"]
            assert pages == [f"{pages[0][:2]}-{page}" for page in range(4)]


async def test_a_task_is_polled_and_cancelled_through_both_gateways_under_one_id() -> None:
    async with two_before_three() as (turns, _):
        ids = []
        for number in range(ROUNDS):
            given = await turns.result(modern("tools/call", number, name="work", arguments={}))
            ids.append(given["taskId"])
        assert len(set(ids)) == ROUNDS
        for polls in (1, 2, 3):
            for task_id in ids:
                told = await turns.result(modern("tasks/get", 1, taskId=task_id))
                # The client goes on seeing the id that it knows.
                assert told == {"taskId": task_id, "polls": polls}
        cancelled = await turns.result(modern("tasks/cancel", 1, taskId=ids[0]))
        assert cancelled["taskId"] == ids[0]


async def test_what_an_endpoint_gave_is_lost_with_it_and_said_so_by_both() -> None:
    async with two_before_three() as (turns, upstreams):
        given = await turns.result(modern("tools/call", 1, name="work", arguments={}))
        listed = await turns.result(modern("tools/list", 1))
        asked = await turns.result(modern("tools/call", 1, name="ask", arguments={}))
        for each in upstreams:
            await each.server.stop()
        for octets in (
            modern("tasks/get", 1, taskId=given["taskId"]),
            modern("tools/list", 1, cursor=listed["nextCursor"]),
            modern("tools/call", 1, name="ask", arguments={}, requestState=asked["requestState"]),
        ):
            for _ in range(2):
                answer = await turns.ask(octets)
                assert (answer.status, answer.error["code"]) == (400, -32602), answer
                assert answer.error["data"]["remedy"]


async def test_requests_of_the_modern_era_go_to_the_least_loaded_endpoint() -> None:
    async with two_before_three() as (turns, upstreams):
        for number in range(3 * ROUNDS):
            await turns.result(modern("tools/call", number, name="count", arguments={}))
        seen = [len(u.server.of("tools/call")) for u in upstreams]
        assert seen == [ROUNDS] * 3

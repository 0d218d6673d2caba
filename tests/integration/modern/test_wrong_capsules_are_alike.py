"""Whatever is wrong with a state, cursor or task: the same answer, and no endpoint is asked."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from fakes.honest_endpoint import result
from fakes.in_process_gateway import without
from fakes.raw_http import Answer
from fakes.scripted_upstream import Behaviour, Peer, Received
from integration.modern.replicas import Replicas, replica, replicas
from moorage_contract.route_table import RouteTable
from moorage_gateway.relaying.modern_capsules import CURSOR_SECONDS, STATE_SECONDS
from moorage_wire.capsules import KeyRing

DAY_SECONDS = 86_400


class Clock:
    """Unix seconds that stand still until a test moves them."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


def gives_all(name: str) -> Mapping[str, Behaviour]:
    """Gives a state, a cursor or a task, and takes them back."""

    async def give(request: Received, peer: Peer) -> None:
        params = request.message["params"]
        if {"requestState", "cursor", "taskId"} & params.keys():
            value: dict[str, Any] = {"by": name}
        else:
            value = {"requestState": f"s-{name}", "nextCursor": f"c-{name}", "taskId": f"t-{name}"}
        await peer.json(result(request, value))

    return {
        method: give
        for method in ("tools/call", "tools/list", "prompts/list", "tasks/get", "tasks/cancel")
    } | {tool: give for tool in ("one", "two")}


@dataclass(frozen=True)
class Kind:
    """A kind of capsule: where it is given, and where it is sent back."""

    given_as: str
    sent_as: str
    seconds: int
    method: str
    params: Mapping[str, Any]
    elsewhere: tuple[str, Mapping[str, Any]] | None
    """Another request of the same form, to which the capsule does not belong."""

    async def fetch(self, there: Replicas) -> str:
        asked = ("tools/call", {"name": "one", "arguments": {}})
        method, params = asked if self.method.startswith("tasks/") else (self.method, self.params)
        text: str = (await there.result(method, params))[self.given_as]
        return text

    async def send(self, there: Replicas, text: object, path: str = "/mcp") -> Answer:
        return await there.ask(self.method, {**self.params, self.sent_as: text}, path=path)


KINDS = {
    "state": Kind(
        "requestState",
        "requestState",
        STATE_SECONDS,
        "tools/call",
        {"name": "one", "arguments": {}},
        ("tools/call", {"name": "two", "arguments": {}}),
    ),
    "cursor": Kind("nextCursor", "cursor", CURSOR_SECONDS, "tools/list", {}, ("prompts/list", {})),
    "task": Kind("taskId", "taskId", DAY_SECONDS, "tasks/get", {}, None),
}
each_kind = pytest.mark.parametrize("name", KINDS)


@asynccontextmanager
async def scene(name: str) -> AsyncIterator[tuple[Kind, Replicas, Clock, bytes]]:
    """The last one is the body with which an unknown capsule is refused."""
    clock = Clock()
    async with replicas(gives_all, clock=clock) as there:
        kind = KINDS[name]
        unknown = await kind.send(there, "never given")
        assert (unknown.status, unknown.error["code"]) == (400, -32602)
        assert unknown.error["message"] == f"invalid or expired {kind.sent_as}"
        assert unknown.error["data"]["reason"] == "InvalidParameter"
        assert there.asked == 0
        yield kind, there, clock, unknown.body


def flipped(text: str) -> list[str]:
    """The text with single characters changed: at its start, in its middle and at its end."""

    def flip(place: int) -> str:
        other = "A" if text[place] != "A" else "B"
        return text[:place] + other + text[place + 1 :]

    sealed = len(text.partition(".")[0])
    places = {0, 1, 5, sealed // 2, sealed - 1, len(text) - 1}
    return [flip(place) for place in sorted(places)]


@each_kind
async def test_unknown_changed_and_ill_formed_ones(name: str) -> None:
    async with scene(name) as (kind, there, _, unknown):
        good = await kind.fetch(there)
        asked = there.asked
        wrong: list[object] = [*flipped(good), ".", good + "A", good[:-1], good[1:], "x" * 3000]
        if name != "task":  # whose id is mirrored in a header, where these have no place
            wrong += ["", " ", "x" * 100_000, "\u00e9\U0001f600", 7, True, [good], {"text": good}]
        for text in wrong:
            answer = await kind.send(there, text)
            assert (answer.status, answer.body) == (400, unknown), text
        assert there.asked == asked
        assert (await kind.send(there, good)).message["result"]["by"]


@each_kind
async def test_one_of_another_route_kind_request_key_or_gateway(name: str) -> None:
    async with scene(name) as (kind, there, clock, unknown):
        good = await kind.fetch(there)
        others = [await other.fetch(there) for key, other in KINDS.items() if key != name]
        other_ring = KeyRing.new(b"o" * 32)
        other_name = RouteTable(
            gateway="tests/other", routes=there.table.routes, groups=there.table.groups
        )
        async with (
            replica(there.table, other_ring, clock) as keyed,
            replica(other_name, clock=clock) as named,
        ):
            for stranger in (keyed, named):
                strange = Replicas([stranger], there.upstreams, there.table, iter((0, 0)))
                others.append(await kind.fetch(strange))
        asked = there.asked
        for text in others:
            answer = await kind.send(there, text)
            assert (answer.status, answer.body) == (400, unknown)
        assert (await kind.send(there, good, path="/other")).body == unknown
        if kind.elsewhere is not None:
            method, params = kind.elsewhere
            answer = await there.ask(method, {**params, kind.sent_as: good})
            assert (answer.status, answer.body) == (400, unknown)
        assert there.asked == asked


@each_kind
async def test_one_that_has_expired(name: str) -> None:
    async with scene(name) as (kind, there, clock, unknown):
        good = await kind.fetch(there)
        clock.now += kind.seconds
        assert (await kind.send(there, good)).message["result"]["by"]
        asked = there.asked
        clock.now += 1
        answer = await kind.send(there, good)
        assert (answer.status, answer.body) == (400, unknown)
        assert there.asked == asked


@each_kind
async def test_one_whose_endpoint_is_gone(name: str) -> None:
    async with scene(name) as (kind, there, _, unknown):
        good = await kind.fetch(there)
        by = (await kind.send(there, good)).message["result"]["by"]
        uid = f"uid-{re.sub('[^0-9]', '', by)}"
        there.apply(without(there.table, uid))
        for _gateway in there.gateways:
            answer = await kind.send(there, good)
            assert (answer.status, answer.body) == (400, unknown)
        # Back under the same name it is the same endpoint: nothing was forgotten.
        there.apply(there.table)
        assert (await kind.send(there, good)).message["result"]["by"] == by


@each_kind
async def test_one_whose_endpoint_does_not_listen(name: str) -> None:
    async with scene(name) as (kind, there, _, unknown):
        good = await kind.fetch(there)
        by = (await kind.send(there, good)).message["result"]["by"]
        await there.upstreams[int(by[1:])].server.stop()
        for _gateway in there.gateways:
            answer = await kind.send(there, good)
            assert (answer.status, answer.body) == (400, unknown)


async def test_a_null_is_no_capsule_and_passes() -> None:
    async with replicas(gives_all, count=1) as there:
        for params in ({"cursor": None}, {"requestState": None}):
            answer = await there.ask("prompts/list", params)
            assert answer.status == 200
            told = there.upstreams[0].server.of("prompts/list")[-1].message["params"]
            assert json.loads(json.dumps(params)).items() <= told.items()

"""However slow a server is to start, one replica speaks to it for all; another one steps in."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import msgspec
import pytest

from fakes.honest_endpoint import HonestUpstream, honest_upstreams
from fakes.in_process_gateway import until, urls_of
from fakes.operator_channel import GROUP, Operator, Served, connected, operator
from fakes.reporting_gateway import Replica, all_ready, replica, reporting_table
from fakes.scripted_upstream import Peer, Received
from moorage_contract.report_channel import decode_guidance
from moorage_contract.route_table import RouteTable
from moorage_operator.planning.demand import appointment
from moorage_operator.planning.demand.served_groups import GroupRules

SLOW_SECONDS = 3.0


def serving() -> Served:
    return Served(groups={GROUP: GroupRules(9, 60)})


class SlowToStart:
    """Answers a gateway's handshake only after a while, as an endpoint that loads its model."""

    def __init__(self, honest: HonestUpstream) -> None:
        self._honest = honest.endpoint
        self.handshakes = 0
        self.seconds = SLOW_SECONDS
        honest.server.behaviour = self

    async def __call__(self, request: Received, peer: Peer) -> None:
        if b'"initialize"' in request.body:
            self.handshakes += 1
            await asyncio.sleep(self.seconds)
        await self._honest(request, peer)


async def enter(
    stack: AsyncExitStack, table: RouteTable, leader: Operator, folder: Path, pod: str
) -> Replica:
    token = leader.cluster.token(pod)
    return await stack.enter_async_context(replica(table, token, folder, pod))


async def test_a_slow_server_is_spoken_to_once_and_whoever_comes_later_is_told(
    tmp_path: Path,
) -> None:
    async with (
        honest_upstreams() as upstreams,
        operator(tmp_path, served=serving()) as leader,
        AsyncExitStack() as stack,
    ):
        slow = SlowToStart(upstreams[0])
        table = reporting_table(urls_of(upstreams), leader.target, per_pod=9, replicas=2)
        pods = [await enter(stack, table, leader, tmp_path, f"pod-{n}") for n in range(2)]
        await asyncio.sleep(SLOW_SECONDS)
        await all_ready(*pods)
        late = await enter(stack, table, leader, tmp_path, "pod-2")
        await all_ready(late)
        assert slow.handshakes == 1


async def test_when_the_appointed_replica_is_gone_another_one_speaks_to_the_server(
    tmp_path: Path,
) -> None:
    async with (
        honest_upstreams() as upstreams,
        operator(tmp_path, served=serving()) as leader,
        AsyncExitStack() as one,
        AsyncExitStack() as other,
    ):
        slow = SlowToStart(upstreams[0])
        table = reporting_table(urls_of(upstreams), leader.target, per_pod=9, replicas=2)
        stacks = {"pod-0": one, "pod-1": other}
        pods = {
            name: await enter(stack, table, leader, tmp_path, name)
            for name, stack in stacks.items()
        }
        await until(lambda: leader.server.connections == 2, "both are connected")
        await until(lambda: slow.handshakes == 1, "one is at it")
        appointed = verifier(leader)
        slow.seconds = 0.0
        await stacks[appointed].aclose()
        (left,) = (pod for name, pod in pods.items() if name != appointed)
        await all_ready(left)
        assert slow.handshakes == 2


async def test_a_replica_that_is_appointed_and_says_nothing_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appointment, "FIRST_TURN_SECONDS", 1.0)
    async with (
        honest_upstreams() as upstreams,
        operator(tmp_path, served=serving()) as leader,
        connected(leader, leader.cluster.token("silent")) as silent,
    ):
        unready = {"servers": {"endpoints": {"uid-0": {"handshake": {"state": "verifying"}}}}}
        first = {"seq": 1, "whole": True, "pod": "silent", "groups": unready}
        report = {"gateway": "tests/gateway", "table_digest": "d", **first}
        await silent.send_str(msgspec.json.encode(report).decode())
        told = decode_guidance(await silent.receive_str(timeout=5))
        assert told.groups["servers"]["uid-0"].verify
        table = reporting_table(urls_of(upstreams), leader.target, per_pod=9, replicas=2)
        token = leader.cluster.token("pod-1")
        async with replica(table, token, tmp_path, "pod-1") as pod:
            await until(lambda: leader.server.connections == 2, "both are connected")
            assert not is_ready(pod, "uid-0")
            await all_ready(pod)
            assert handshakes(upstreams[0]) == 1


async def test_without_a_leader_a_replica_does_not_wait_for_one(tmp_path: Path) -> None:
    async with (
        honest_upstreams(2) as upstreams,
        operator(tmp_path, served=serving()) as leader,
        AsyncExitStack() as stack,
    ):
        table = reporting_table(urls_of(upstreams[:1]), leader.target, per_pod=9, replicas=2)
        pod = await enter(stack, table, leader, tmp_path, "pod-0")
        await all_ready(pod)
        wider = reporting_table(urls_of(upstreams), leader.target, per_pod=9, replicas=2)
        await leader.server.stop()
        await until(lambda: leader.server.connections == 0, "it is alone")
        await asyncio.sleep(0.2)
        pod.gateway.apply(wider)
        await until(partial(is_ready, pod, "uid-1"), "it tries at once", 1.0)


def is_ready(pod: Replica, uid: str) -> bool:
    return pod.states()[uid] == "ready"


def handshakes(one: HonestUpstream) -> int:
    return sum(b'"initialize"' in request.body for request in one.server.own_requests)


def verifier(leader: Operator) -> str:
    """The pod that the leader appointed."""
    ledger = leader.server._ledger
    assert ledger is not None
    (endpoint,) = ledger._groups[GROUP].endpoints.values()
    assert endpoint.verifier is not None
    return endpoint.verifier.name

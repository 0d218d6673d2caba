"""Two replicas behind one operator: capacity and packing hold over both, one verifies for both."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from fakes.honest_endpoint import HonestUpstream, honest_upstreams, result
from fakes.in_process_gateway import until, urls_of
from fakes.operator_channel import GATEWAY, GROUP, Operator, Served, operator
from fakes.reporting_gateway import Replica, all_ready, replica, reporting_table
from fakes.scripted_upstream import Peer, Received
from moorage_contract.report_channel import REPORT_SECONDS
from moorage_contract.route_table import RouteTable
from moorage_operator.planning.demand.served_groups import GroupRules


def serving(per_pod: int) -> Served:
    return Served(groups={GROUP: GroupRules(per_pod, 60)})


@asynccontextmanager
async def replicas(
    count: int, table: RouteTable, leader: Operator, folder: Path
) -> AsyncIterator[list[Replica]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                replica(table, leader.cluster.token(f"pod-{n}"), folder, f"pod-{n}")
            )
            for n in range(count)
        ]


async def test_all_sessions_of_an_endpoint_are_open_to_whichever_replica_is_asked(
    tmp_path: Path,
) -> None:
    per_pod = 5
    async with (
        honest_upstreams(2) as upstreams,
        operator(tmp_path, served=serving(per_pod)) as leader,
    ):
        table = reporting_table(urls_of(upstreams), leader.target, per_pod=per_pod, replicas=2)
        async with replicas(2, table, leader, tmp_path) as (one, other):
            await all_ready(one, other)
            opened = [await one.initialize() for _ in range(2 * per_pod)]
            assert [status for status, _ in opened] == [200] * 2 * per_pod
            assert most_on_one(upstreams) == per_pod
            assert (await other.initialize())[0] == 503
            assert await one.delete(opened[0][1]) == 200
            await asyncio.sleep(0.3)
            assert (await other.initialize())[0] == 200
            await until(lambda: leader.server.demand(GROUP).sessions == 10, "ten sessions")


async def test_a_burst_at_all_replicas_stays_within_per_pod_and_is_packed(tmp_path: Path) -> None:
    per_pod = 8
    async with (
        honest_upstreams(3) as upstreams,
        operator(tmp_path, served=serving(per_pod)) as leader,
    ):
        table = reporting_table(urls_of(upstreams), leader.target, per_pod=per_pod, replicas=2)
        async with replicas(2, table, leader, tmp_path) as pods:
            await all_ready(*pods)
            answers = await asyncio.gather(*(pods[n % 2].initialize() for n in range(40)))
            assert most_on_one(upstreams) <= per_pod
            assert sum(status == 200 for status, _ in answers) == 3 * per_pod
            assert {status for status, _ in answers} == {200, 503}


async def test_a_session_is_counted_once_however_many_replicas_see_it(tmp_path: Path) -> None:
    async with honest_upstreams() as upstreams, operator(tmp_path, served=serving(9)) as leader:
        table = reporting_table(urls_of(upstreams), leader.target, per_pod=9, replicas=2)
        async with replicas(2, table, leader, tmp_path) as (one, other):
            await all_ready(one, other)
            _, session = await one.initialize()
            assert await other.use(session) == 200
            await until(lambda: len(leader.server.reports(GATEWAY)) == 2, "two pods")
            assert sum(one.sessions().values()) == sum(other.sessions().values()) == 1
            await until(lambda: leader.server.demand(GROUP).sessions == 1, "one told of it")
            await asyncio.sleep(REPORT_SECONDS + 0.5)  # and the other one
            assert sum(each.sessions for each in leader.server.reports(GATEWAY)) == 1
            assert leader.server.demand(GROUP).sessions == 1
            assert await other.delete(session) == 200
            await until(lambda: leader.server.demand(GROUP).sessions == 0, "it is over")
            assert (await one.initialize())[0] == 200
            await until(lambda: leader.server.demand(GROUP).sessions == 1, "another one")


async def test_a_new_endpoint_is_verified_by_one_replica_for_all(tmp_path: Path) -> None:
    async with honest_upstreams(3) as upstreams, operator(tmp_path, served=serving(9)) as leader:
        table = reporting_table(urls_of(upstreams[:1]), leader.target, per_pod=9, replicas=2)
        async with replicas(2, table, leader, tmp_path) as pods:
            await all_ready(*pods)
            wider = reporting_table(urls_of(upstreams), leader.target, per_pod=9, replicas=2)
            before = [handshakes(each) for each in upstreams]
            for pod in pods:
                pod.gateway.apply(wider)
            await all_ready(*pods)
            after = [handshakes(each) for each in upstreams]
            assert [b - a for a, b in zip(before, after, strict=True)] == [0, 1, 1]
            verdicts = leader.server.demand(GROUP).verdicts
            assert [each.verified for each in verdicts] == [True] * 3


async def test_where_the_appointed_replica_gets_no_answer_the_others_are_appointed_in_turn(
    tmp_path: Path,
) -> None:
    async with honest_upstreams(2) as upstreams, operator(tmp_path, served=serving(9)) as leader:
        table = reporting_table(urls_of(upstreams[:1]), leader.target, per_pod=9, replicas=2)
        async with replicas(2, table, leader, tmp_path) as pods:
            await all_ready(*pods)
            await upstreams[1].server.stop()
            wider = reporting_table(urls_of(upstreams), leader.target, per_pod=9, replicas=2)
            for pod in pods:
                pod.gateway.apply(wider)

            def failing() -> bool:
                groups = [pod.gateway.status().groups[0] for pod in pods]
                return all("connection" in group.endpoints[1].why for group in groups)

            await until(failing, "both have tried", 5)
            await until(lambda: len(leader.server.demand(GROUP).verdicts) == 2, "it is told", 0.5)
            verdict = leader.server.demand(GROUP).verdicts[1]
            assert not verdict.verified and "connection" in verdict.why
            await upstreams[1].server.start()
            await all_ready(*pods)


async def test_readiness_that_flaps_moves_no_session_and_verifies_nothing_anew(
    tmp_path: Path,
) -> None:
    async with (
        honest_upstreams(2) as upstreams,
        operator(tmp_path, served=serving(9)) as leader,
    ):
        table = reporting_table(urls_of(upstreams), leader.target, per_pod=9)
        async with replica(table, leader.cluster.token(), tmp_path) as pod:
            await all_ready(pod)
            _, session = await pod.initialize()
            (holder,) = (uid for uid, count in pod.sessions().items() if count)
            before = [handshakes(each) for each in upstreams]
            pod.gateway.apply(with_readiness(table, holder, ready=False))
            assert await pod.use(session) == 200
            for _ in range(3):
                assert (await pod.initialize())[0] == 200
            assert pod.sessions()[holder] == 1
            pod.gateway.apply(table)
            assert (await pod.initialize())[0] == 200
            assert await pod.use(session) == 200
            assert [handshakes(each) for each in upstreams] == before


async def test_an_endpoint_that_is_not_ready_yet_is_left_alone(tmp_path: Path) -> None:
    async with (
        honest_upstreams(2) as upstreams,
        operator(tmp_path, served=serving(9)) as leader,
    ):
        table = reporting_table(urls_of(upstreams), leader.target, per_pod=9)
        unready = with_readiness(table, "uid-1", ready=False)
        async with replica(unready, leader.cluster.token(), tmp_path) as pod:
            await until(lambda: pod.states()["uid-0"] == "ready", "the first is ready")
            await asyncio.sleep(0.3)
            assert handshakes(upstreams[1]) == 0
            pod.gateway.apply(table)
            await all_ready(pod)
            assert handshakes(upstreams[1]) == 1


@pytest.mark.parametrize("count", [1, 3])
async def test_short_sessions_get_their_slots_back_at_once(tmp_path: Path, count: int) -> None:
    async with (
        honest_upstreams() as upstreams,
        operator(tmp_path, served=serving(4)) as leader,
    ):
        table = reporting_table(urls_of(upstreams), leader.target, per_pod=4)
        async with replica(table, leader.cluster.token(), tmp_path) as pod:
            await all_ready(pod)
            for _ in range(20):
                opened = await asyncio.gather(*(pod.initialize() for _ in range(count)))
                assert [status for status, _ in opened] == [200] * count
                for _, session in opened:
                    assert await pod.delete(session) == 200


async def test_a_slot_of_an_initialize_that_fails_is_not_lost(tmp_path: Path) -> None:
    async def refuse(request: Received, peer: Peer) -> None:
        await peer.json(result(request, {})["id"] and {"jsonrpc": "2.0", "id": 1, "error": {}})

    async with (
        honest_upstreams(on={"initialize": refuse}) as upstreams,
        operator(tmp_path, served=serving(1)) as leader,
    ):
        table = reporting_table(urls_of(upstreams), leader.target, per_pod=1)
        async with replica(table, leader.cluster.token(), tmp_path) as pod:
            await all_ready(pod)
            for _ in range(3):
                assert (await pod.initialize())[1] == ""
            upstreams[0].endpoint.on.clear()
            assert (await pod.initialize())[0] == 200


def most_on_one(upstreams: Sequence[HonestUpstream]) -> int:
    """Sessions on the fullest endpoint, without those of handshakes."""
    return max(len(each.endpoint.sessions) for each in upstreams)


def handshakes(one: HonestUpstream) -> int:
    """How often a gateway shook hands with it."""
    return sum(
        request.method == "POST" and b'"initialize"' in request.body
        for request in one.server.own_requests
    )


def with_readiness(table: RouteTable, uid: str, *, ready: bool) -> RouteTable:
    group = table.groups[0]
    endpoints = tuple(
        replace(each, ready=ready) if each.uid == uid else each for each in group.endpoints
    )
    return replace(table, groups=(replace(group, endpoints=endpoints),))

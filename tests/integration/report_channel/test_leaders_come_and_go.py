"""Whatever happens to operators, gateways serve on, find the leader, and lose no session."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest

from fakes.honest_endpoint import honest_upstreams
from fakes.in_process_gateway import until, urls_of
from fakes.operator_channel import (
    GATEWAY,
    GROUP,
    Certificate,
    Cluster,
    Operator,
    Served,
    operator,
)
from fakes.reporting_gateway import all_ready, replica, reporting_table
from moorage_contract.route_table import ReportTarget
from moorage_operator.planning.demand import demand_ledger, settling
from moorage_operator.planning.demand.served_groups import GroupRules

SOON_SECONDS = 0.5
"""In place of the 10 s after which a leader is lost."""

SETTLED_SECONDS = 4.0
"""In place of the 15 s for which a new leader gives nobody more than it has."""


def serving(per_pod: int) -> Served:
    return Served(groups={GROUP: GroupRules(per_pod, 60)})


@pytest.fixture
def quick_to_lose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moorage_gateway.routing.guided.LOST_SECONDS", SOON_SECONDS)


async def test_a_replica_that_does_not_lead_names_the_leader(tmp_path: Path) -> None:
    cluster, certificate = Cluster(), Certificate(tmp_path)
    async with (
        honest_upstreams() as upstreams,
        operator(tmp_path, cluster=cluster, certificate=certificate) as leader,
        operator(tmp_path, cluster=cluster, certificate=certificate, leads=False) as follower,
    ):
        follower.lease.leader = leader.address
        table = reporting_table(urls_of(upstreams), follower.target)
        async with replica(table, cluster.token(), tmp_path) as pod:
            await until(lambda: len(leader.server.reports(GATEWAY)) == 1, "it found the leader", 2)
            assert (await pod.initialize())[0] == 200
            assert follower.server.connections == 0


async def test_a_leader_that_is_named_wrongly_gets_no_token(tmp_path: Path) -> None:
    cluster, certificate = Cluster(), Certificate(tmp_path)
    reached: list[bytes] = []

    async def impostor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append(await reader.read(4096))
        writer.close()

    (tmp_path / "other").mkdir()
    other = Certificate(tmp_path / "other")
    server = await asyncio.start_server(impostor, "127.0.0.1", 0, ssl=other.context)
    async with (
        server,
        honest_upstreams() as upstreams,
        operator(tmp_path, cluster=cluster, certificate=certificate, leads=False) as follower,
    ):
        follower.lease.leader = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        table = reporting_table(urls_of(upstreams), follower.target)
        async with replica(table, cluster.token(), tmp_path):
            await asyncio.sleep(1.0)
            follower.lease.leader = "no address"
            await asyncio.sleep(0.5)
            follower.lease.since = asyncio.get_running_loop().time()
            await until(lambda: follower.server.connections == 1, "it leads now", 6)
    assert not any(reached)


async def test_a_new_leader_knows_all_sessions_and_grants_no_slot_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in (demand_ledger, settling):
        monkeypatch.setattr(room, "PROMISE_SECONDS", SETTLED_SECONDS)
    cluster, certificate, per_pod = Cluster(), Certificate(tmp_path), 6
    async with AsyncExitStack() as stack:
        upstreams = await stack.enter_async_context(honest_upstreams())
        first_term = AsyncExitStack()
        served = serving(per_pod)
        first = await first_term.enter_async_context(
            operator(tmp_path, served=served, cluster=cluster, certificate=certificate)
        )
        port = first.server.port
        table = reporting_table(urls_of(upstreams), first.target, per_pod=per_pod, replicas=2)
        pods = [
            await stack.enter_async_context(
                replica(table, cluster.token(f"pod-{n}"), tmp_path, f"pod-{n}")
            )
            for n in range(2)
        ]
        await all_ready(*pods)
        for _ in range(4):
            assert (await pods[0].initialize())[0] == 200
        _, ended = await pods[0].initialize()
        await until(lambda: first.server.demand(GROUP).sessions == 5, "five sessions")
        await first_term.aclose()
        assert await pods[1].delete(ended) == 200

        second = await stack.enter_async_context(
            operator(
                tmp_path,
                served=served,
                cluster=cluster,
                certificate=certificate,
                port=port,
                leading_for_seconds=0.0,
            )
        )
        await until(lambda: len(second.server.reports(GATEWAY)) == 2, "both are back", 8)
        answers = await asyncio.gather(*(pods[n % 2].initialize() for n in range(6)))
        assert [status for status, _ in answers].count(200) <= 2, "there may be a third pod"
        await asyncio.sleep(SETTLED_SECONDS)
        answers += await asyncio.gather(*(pods[n % 2].initialize() for n in range(6)))
        assert [status for status, _ in answers].count(200) == 2
        assert len(upstreams[0].endpoint.sessions) == per_pod


async def test_a_new_leader_that_knows_the_pods_shares_out_as_soon_as_all_have_told(
    tmp_path: Path,
) -> None:
    cluster, certificate = Cluster(), Certificate(tmp_path)
    async with AsyncExitStack() as stack:
        upstreams = await stack.enter_async_context(honest_upstreams())
        leader = await stack.enter_async_context(
            operator(
                tmp_path,
                served=serving(6),
                cluster=cluster,
                certificate=certificate,
                leading_for_seconds=0.0,
            )
        )
        names = [f"pod-{n}" for n in range(2)]
        leader.server.expect(frozenset((GATEWAY, name) for name in names))
        table = reporting_table(urls_of(upstreams), leader.target, per_pod=6, replicas=2)
        pods = [
            await stack.enter_async_context(replica(table, cluster.token(name), tmp_path, name))
            for name in names
        ]
        await all_ready(*pods)

        await until(lambda: not any(pod.gateway._unshared() for pod in pods), "slots", 4)
        answers = await asyncio.gather(*(pods[n % 2].initialize() for n in range(6)))
        assert [status for status, _ in answers] == [200] * 6


async def test_without_an_operator_a_gateway_goes_on_by_itself(
    tmp_path: Path, quick_to_lose: None
) -> None:
    nowhere = ReportTarget(
        url="wss://127.0.0.1:9/report", ca_pem=Certificate(tmp_path).ca_pem, server_name="x"
    )
    async with honest_upstreams(2) as upstreams:
        table = reporting_table(urls_of(upstreams), nowhere, per_pod=6, replicas=2)
        async with replica(table, "token", tmp_path) as pod:
            begun = asyncio.get_running_loop().time()
            assert (await pod.initialize())[0] == 200, "it waits until it is sure to be alone"
            assert asyncio.get_running_loop().time() - begun >= SOON_SECONDS / 2
            answers = [await pod.initialize() for _ in range(6)]
            assert [status for status, _ in answers] == [200] * 5 + [503], "its share is half"
            assert await pod.delete(answers[0][1]) == 200
            assert (await pod.initialize())[0] == 200


async def test_a_gateway_whose_operator_is_killed_serves_on_and_reports_all_to_the_next(
    tmp_path: Path, quick_to_lose: None
) -> None:
    cluster, certificate = Cluster(), Certificate(tmp_path)
    async with honest_upstreams() as upstreams, AsyncExitStack() as stack:
        async with operator(tmp_path, cluster=cluster, certificate=certificate) as first:
            port, target = first.server.port, first.target
            table = reporting_table(urls_of(upstreams), target, per_pod=10)
            pod = await stack.enter_async_context(replica(table, cluster.token(), tmp_path))
            await all_ready(pod)
            _, session = await pod.initialize()
        await asyncio.sleep(2 * SOON_SECONDS + 0.5)
        assert await pod.use(session) == 200
        assert (await pod.initialize())[0] == 200
        async with operator(
            tmp_path, cluster=cluster, certificate=certificate, port=port
        ) as second:
            await until(lambda: second.server.demand(GROUP).sessions == 2, "it knows both", 8)
            assert await pod.delete(session) == 200
            await until(lambda: second.server.demand(GROUP).sessions == 1, "it hears more")


async def test_the_token_is_read_anew_for_each_connection(tmp_path: Path) -> None:
    async with honest_upstreams() as upstreams, operator(tmp_path) as leader:
        table = reporting_table(urls_of(upstreams), leader.target)
        async with replica(table, "spoilt", tmp_path) as pod:
            await until(lambda: leader.server.refused["NoProof"] > 0, "it was refused")
            pod.token_file.write_text(leader.cluster.token() + "\n")
            await until(lambda: leader.server.connections == 1, "it is let in", 5)


async def test_what_is_in_force_is_reported_at_once(tmp_path: Path) -> None:
    async with honest_upstreams(2) as upstreams, operator(tmp_path) as leader:
        table = reporting_table(urls_of(upstreams[:1]), leader.target)
        async with replica(table, leader.cluster.token(), tmp_path) as pod:
            await until(lambda: len(leader.server.reports(GATEWAY)) == 1, "it reports")
            for count in (2, 1, 2):
                wider = reporting_table(urls_of(upstreams[:count]), leader.target)
                pod.gateway.apply(wider)
                await until(
                    partial(is_reported, leader, wider.digest()), "the digest is known", 0.5
                )
                assert any(GATEWAY in change.gateways for change in leader.changes)
                leader.changes.clear()


async def test_a_table_without_an_operator_ends_the_channel_and_the_sharing(
    tmp_path: Path,
) -> None:
    async with (
        honest_upstreams() as upstreams,
        operator(tmp_path, served=serving(2)) as leader,
    ):
        table = reporting_table(urls_of(upstreams), leader.target, per_pod=4)
        async with replica(table, leader.cluster.token(), tmp_path) as pod:
            await until(lambda: leader.server.connections == 1, "it reports")
            pod.gateway.apply(reporting_table(urls_of(upstreams), None, per_pod=4))
            await until(lambda: leader.server.connections == 0, "it left")
            answers = [await pod.initialize() for _ in range(5)]
            assert [status for status, _ in answers] == [200] * 4 + [503]


def is_reported(leader: Operator, digest: str) -> bool:
    return [each.table_digest for each in leader.server.reports(GATEWAY)] == [digest]

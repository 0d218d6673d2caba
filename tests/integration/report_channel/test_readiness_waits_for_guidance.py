"""A gateway pod is sent traffic only once it may open sessions: starts fail no ``initialize``."""

from pathlib import Path

import pytest

from fakes.honest_endpoint import honest_upstreams
from fakes.in_process_gateway import until, urls_of
from fakes.operator_channel import GROUP, Certificate, Cluster, Served, operator
from fakes.reporting_gateway import Replica, all_ready, replica, reporting_table
from moorage_contract.route_table import ReportTarget
from moorage_operator.planning.demand.served_groups import GroupRules

SOON_SECONDS = 1.0
"""In place of the 10 s for which a start waits for an operator."""


async def readiness(pod: Replica) -> tuple[int, list[str]]:
    """Status and reasons of the readiness page."""
    url = f"http://127.0.0.1:{pod.gateway.admin_port}/readyz"
    async with pod.http.get(url) as answer:
        return answer.status, (await answer.json())["reasons"]


async def test_a_pod_without_guidance_is_not_ready_and_says_why_but_not_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moorage_gateway.routing.guided.LOST_SECONDS", SOON_SECONDS)
    nowhere = ReportTarget(
        url="wss://127.0.0.1:9/report", ca_pem=Certificate(tmp_path).ca_pem, server_name="x"
    )
    async with honest_upstreams(1) as upstreams:
        table = reporting_table(urls_of(upstreams), nowhere)
        async with replica(table, "no token", tmp_path) as pod:
            status, reasons = await readiness(pod)
            assert status == 503
            assert any("operator has not said yet" in reason for reason in reasons)
            await until(lambda: pod.gateway._readiness().ready, "it goes on alone", 5)
            assert (await pod.initialize())[0] == 200


async def test_whoever_is_ready_opens_sessions_though_others_had_all_slots(tmp_path: Path) -> None:
    cluster, certificate = Cluster(), Certificate(tmp_path)
    served = Served(groups={GROUP: GroupRules(20, 60)})
    async with (
        honest_upstreams(1) as upstreams,
        operator(tmp_path, served=served, cluster=cluster, certificate=certificate) as leader,
    ):
        table = reporting_table(urls_of(upstreams), leader.target, per_pod=20, replicas=2)
        async with replica(table, cluster.token("pod-0"), tmp_path, "pod-0") as first:
            await all_ready(first)
            async with replica(table, cluster.token("pod-1"), tmp_path, "pod-1") as second:
                await until(lambda: second.gateway._readiness().ready, "it is ready", 5)
                assert [(await second.initialize())[0] for _ in range(3)] == [200] * 3


async def test_once_ready_a_pod_stays_so_without_its_operator(tmp_path: Path) -> None:
    async with honest_upstreams(1) as upstreams:
        async with operator(tmp_path) as leader:
            table = reporting_table(urls_of(upstreams), leader.target)
            gone_with_it = replica(table, leader.cluster.token(), tmp_path)
            pod = await gone_with_it.__aenter__()
            await until(lambda: pod.gateway._readiness().ready, "it is ready", 5)
        try:
            assert (await readiness(pod))[0] == 200
        finally:
            await gone_with_it.__aexit__(None, None, None)

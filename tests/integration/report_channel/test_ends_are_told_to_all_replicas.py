"""A session that was ended at one replica is counted by none, whoever leads next."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from fakes.honest_endpoint import honest_upstreams
from fakes.in_process_gateway import until, urls_of
from fakes.operator_channel import GATEWAY, GROUP, Certificate, Cluster, Operator, Served, operator
from fakes.reporting_gateway import Replica, all_ready, replica, reporting_table
from moorage_operator.planning.demand.served_groups import GroupRules

PER_POD = 4


def counted(leader: Operator) -> int:
    """What the gateway's status says."""
    return sum(report.sessions for report in leader.server.reports(GATEWAY))


async def open_at_last(pod: Replica) -> str:
    """A session; what is left may be promised to the other replica at first."""
    while True:
        status, session = await pod.initialize()
        if status == 200:
            return session
        await asyncio.sleep(0.2)


async def open_and_end_elsewhere(opener: Replica, other: Replica) -> None:
    opened = [await opener.initialize() for _ in range(PER_POD)]
    assert [status for status, _ in opened] == [200] * PER_POD
    for _, session in opened:
        assert await other.delete(session) == 200


@pytest.mark.parametrize("told", [True, False], ids=["leader has told", "leader is gone at once"])
async def test_a_group_whose_sessions_ended_elsewhere_is_filled_again_under_the_next_leader(
    tmp_path: Path, told: bool
) -> None:
    cluster, certificate = Cluster(), Certificate(tmp_path)
    served = Served(groups={GROUP: GroupRules(PER_POD, 60)})
    async with AsyncExitStack() as stack:
        upstreams = await stack.enter_async_context(honest_upstreams())
        term = AsyncExitStack()
        first = await term.enter_async_context(
            operator(tmp_path, served=served, cluster=cluster, certificate=certificate)
        )
        table = reporting_table(urls_of(upstreams), first.target, per_pod=PER_POD, replicas=2)
        opener, other = [
            await stack.enter_async_context(replica(table, cluster.token(pod), tmp_path, pod))
            for pod in ("pod-0", "pod-1")
        ]
        await all_ready(opener, other)
        await open_and_end_elsewhere(opener, other)
        if told:
            await until(lambda: sum(opener.sessions().values()) == 0, "it counts none", 5)
        await until(lambda: counted(first) == 0, "the status counts none", 5)
        port = first.server.port
        await term.aclose()
        second = await stack.enter_async_context(
            operator(tmp_path, served=served, cluster=cluster, certificate=certificate, port=port)
        )
        await until(lambda: len(second.server.reports(GATEWAY)) == 2, "both are back", 8)
        await until(lambda: counted(second) == 0, "the next leader counts none", 5)
        pods = (opener, other)
        async with asyncio.timeout(10):
            opened = await asyncio.gather(*(open_at_last(pods[n % 2]) for n in range(PER_POD)))
        await until(lambda: counted(second) == PER_POD, "each once", 5)
        assert await other.use(opened[0]) == await opener.use(opened[0]) == 200
        await until(lambda: sum(other.sessions().values()) == 3, "two replicas count it")
        await asyncio.sleep(2.5)
        assert counted(second) == PER_POD

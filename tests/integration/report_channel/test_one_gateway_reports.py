"""The thin line: one gateway reports, the operator knows, and its guidance comes back."""

from pathlib import Path

from fakes.honest_endpoint import honest_upstreams
from fakes.in_process_gateway import until, urls_of
from fakes.operator_channel import GATEWAY, GROUP, operator
from fakes.reporting_gateway import replica, reporting_table


async def test_what_a_gateway_does_is_known_to_the_operator_and_guided_by_it(
    tmp_path: Path,
) -> None:
    async with honest_upstreams(2) as upstreams, operator(tmp_path) as leader:
        table = reporting_table(urls_of(upstreams), leader.target)
        async with replica(table, leader.cluster.token(), tmp_path) as pod:
            assert await pod.initialize() != (0, "")
            status, session = await pod.initialize()
            assert status == 200
            await until(lambda: leader.server.demand(GROUP).sessions == 2, "two sessions")
            (report,) = leader.server.reports(GATEWAY)
            assert report.pod == "pod-0"
            assert report.table_digest == table.digest()
            assert report.key_ids == pod.gateway.key_ids()
            verdicts = leader.server.demand(GROUP).verdicts
            assert [(each.endpoint_uid, each.verified) for each in verdicts] == [
                ("uid-0", True),
                ("uid-1", True),
            ]
            assert sorted(pod.sessions().values()) == [0, 2]
            assert await pod.delete(session) == 200
            await until(lambda: leader.server.demand(GROUP).sessions == 1, "one session")
        await until(lambda: not leader.server.reports(GATEWAY), "the pod is gone")
        assert leader.server.demand(GROUP).sessions == 1

"""Whose reports are refused, or whose connections break, uses new endpoints by its own share."""

import pytest
from msgspec.structs import replace

from fakes.replica_network import Clock, SimulatedReplica, table
from moorage_contract.report_channel import LOST_SECONDS
from moorage_contract.route_table import RouteTable

PER_POD = 10


def served(*ready: bool) -> RouteTable:
    """Endpoints of one group, and whether each is ready."""
    whole = table(endpoints=len(ready), per_pod=PER_POD, replicas=2)
    (group,) = whole.groups
    endpoints = tuple(
        replace(each, ready=one) for each, one in zip(group.endpoints, ready, strict=True)
    )
    return replace(whole, groups=(replace(group, endpoints=endpoints),))


def replica_alone() -> SimulatedReplica:
    clock = Clock()
    alone = SimulatedReplica(1, served(True), clock)
    alone.disconnect()
    clock.now += LOST_SECONDS + 1
    alone.guided.tick()
    return alone


@pytest.mark.parametrize("attempts", [0, 1, 3])
def test_a_pod_that_started_meanwhile_gets_sessions(attempts: int) -> None:
    alone = replica_alone()
    alone.serve(served(True, False))
    for _ in range(attempts):
        alone.connect()
        alone.report()
        alone.disconnect()
    alone.serve(served(True, True))
    assert alone.group.slots is not None
    assert {uid: alone.group.slots.left(uid) for uid in alone.group.endpoints} == {
        "uid-0": PER_POD // 2,
        "uid-1": PER_POD // 2,
    }
    assert set(alone.group.slots) == {"uid-0", "uid-1"}

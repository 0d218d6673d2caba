"""A new leader shares out what is free once every pod that there was has told what it goes by."""

import pytest

from moorage_contract.report_channel import (
    PROMISE_SECONDS,
    DemandReport,
    EndpointReport,
    GroupReport,
    Handshake,
)
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.demand.demand_ledger import DemandLedger
from moorage_operator.planning.demand.gateway_pod import GatewayPod
from moorage_operator.planning.demand.served_groups import GroupRules

GATEWAY = ResourceName("office", "edge")
READY = Handshake(state="ready", own=True)
PER_POD = 10


class Scene:
    """A leader since 0 s, and what it has heard."""

    def __init__(self, *there: str) -> None:
        self.ledger = DemandLedger(self, leading_since=0.0)
        self.ledger.expect(frozenset((GATEWAY, name) for name in there), 0.0)

    def served_by(self, gateway: ResourceName) -> dict[ResourceName, GroupRules]:
        return {ResourceName("office", "servers"): GroupRules(PER_POD, 60)}

    def hears(self, name: str, at: float, slots: int = 0, *, more: bool = False) -> list[str]:
        """Whom the leader tells something because of that."""
        told = EndpointReport(handshake=READY, slots=slots)
        report = DemandReport(
            seq=1,
            whole=True,
            more=more,
            gateway=str(GATEWAY),
            pod=name,
            table_digest="d",
            groups={"servers": GroupReport(endpoints={"u": told})},
        )
        heard = self.ledger.hear(GatewayPod(GATEWAY, name), report, at)
        return sorted(pod.name for pod in heard.to_guide)

    def slots(self, name: str, at: float) -> int:
        """What the pod is told."""
        guidance = self.ledger.guidance(GatewayPod(GATEWAY, name), at, answer=True)
        assert guidance is not None
        return guidance.groups["servers"]["u"].slots


def test_where_there_was_no_pod_the_first_one_gets_slots_at_once() -> None:
    scene = Scene()
    scene.hears("new", 1.0)

    assert scene.slots("new", 1.0) > 0


def test_one_that_has_not_told_yet_may_hold_everything() -> None:
    scene = Scene("old", "late")
    scene.hears("old", 1.0)

    assert scene.slots("old", 1.0) == 0


def test_the_last_one_settles_it_and_all_others_are_told_at_once() -> None:
    scene = Scene("old", "late")
    scene.hears("old", 1.0)

    assert "old" in scene.hears("late", 2.0, slots=4)
    assert 0 < scene.slots("old", 2.0) <= PER_POD - 4


def test_half_a_report_is_none() -> None:
    scene = Scene("old", "late")
    scene.hears("old", 1.0)

    assert scene.hears("late", 2.0, slots=4, more=True) == ["old"]
    assert scene.slots("old", 2.0) == 0


def test_one_that_is_never_heard_is_waited_for_no_longer_than_its_promises_hold() -> None:
    scene = Scene("old", "gone")
    scene.hears("old", 1.0)

    assert scene.slots("old", PROMISE_SECONDS - 0.1) == 0
    scene.ledger.expire(PROMISE_SECONDS)
    assert scene.slots("old", PROMISE_SECONDS) > 0


@pytest.mark.parametrize("heard_first", [True, False])
def test_it_does_not_matter_when_the_pods_are_known(heard_first: bool) -> None:
    scene = Scene()
    scene.ledger = DemandLedger(scene, leading_since=0.0)
    there = frozenset({(GATEWAY, "old")})
    if heard_first:
        scene.hears("old", 1.0)
        assert {pod.name for pod in scene.ledger.expect(there, 1.5)} == {"old"}
    else:
        assert scene.ledger.expect(there, 0.5) == frozenset()
        scene.hears("old", 1.0)

    assert scene.slots("old", 2.0) > 0


def test_pods_that_come_later_are_not_waited_for_when_they_are_listed_again() -> None:
    """kopf may begin anew in one term; who came meanwhile goes by this leader's word."""
    scene = Scene("old")
    scene.hears("old", 1.0)
    scene.ledger.expect(frozenset({(GATEWAY, "old"), (GATEWAY, "young")}), 2.0)

    assert scene.slots("old", 2.0) > 0

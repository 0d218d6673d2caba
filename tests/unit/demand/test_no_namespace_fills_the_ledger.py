"""What one namespace's pods bring leaves room for all others, and goes when nobody serves it."""

import pytest

from moorage_contract.report_channel import DemandReport, EndpointReport, GroupReport, Handshake
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.demand import claims, group_of_pods
from moorage_operator.planning.demand.claims import DemandRefused
from moorage_operator.planning.demand.demand_ledger import DemandLedger
from moorage_operator.planning.demand.gateway_pod import GatewayPod
from moorage_operator.planning.demand.served_groups import GroupRules

IDLE_SECONDS = 7 * 24 * 3600
UNSERVED_SECONDS = 300.0


class Installed:
    """Each gateway serves a group of its own, of a very long ``idleSeconds``."""

    def served_by(self, gateway: ResourceName) -> dict[ResourceName, GroupRules]:
        return {ResourceName(gateway.namespace, "own"): GroupRules(10, IDLE_SECONDS)}


class Scene:
    def __init__(self) -> None:
        self.ledger = DemandLedger(Installed(), leading_since=-1000.0)
        self._seq = 0

    def tell(self, namespace: str, tags: int, *, pod: str = "pod", now: float = 0.0) -> None:
        """A pod opens so many sessions that nobody has told of."""
        self._tell(namespace, pod, f"{namespace}-u", self._new_tags(tags), now)

    def bring_endpoints(self, namespace: str, number: int) -> None:
        for _ in range(number):
            self._tell(namespace, "pod", f"{namespace}-{self._seq}", (), 0.0)

    def _new_tags(self, number: int) -> tuple[str, ...]:
        return tuple(f"{self._seq}-{n}" for n in range(number))

    def _tell(self, namespace: str, pod: str, uid: str, tags: tuple[str, ...], now: float) -> None:
        self._seq += 1
        who = self.pod(namespace, pod)
        told = EndpointReport(handshake=Handshake(state="ready", own=True), opened=tags)
        report = DemandReport(
            seq=self._seq,
            whole=not any(one.pod == pod for one in self.ledger.reports(who.gateway)),
            gateway=str(who.gateway),
            pod=pod,
            table_digest="d",
            groups={"own": GroupReport(endpoints={uid: told})},
        )
        self.ledger.hear(who, report, now)

    def pod(self, namespace: str, pod: str = "pod") -> GatewayPod:
        return GatewayPod(ResourceName(namespace, "gateway"), pod)


@pytest.fixture(autouse=True)
def small_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "MAX_SESSIONS", 100, raising=False)
    monkeypatch.setattr(claims, "MAX_ENDPOINTS", 100, raising=False)


def fill(scene: Scene, namespace: str) -> DemandRefused:
    with pytest.raises(DemandRefused) as refused:
        for n in range(200):
            scene.tell(namespace, 1, pod=f"pod-{n % 5}")
    return refused.value


def test_a_namespace_never_has_more_sessions_than_are_left_for_all_others() -> None:
    scene = Scene()
    fill(scene, "greedy")
    assert scene.ledger.sessions == 50
    fill(scene, "too")
    assert scene.ledger.sessions == 75
    for n in range(10):
        scene.tell(f"victim-{n}", 1)
    assert scene.ledger.sessions == 85


def test_the_refusal_says_what_to_do_and_the_log_who_has_most() -> None:
    scene = Scene()
    fill(scene, "greedy")
    refused = fill(scene, "too")
    assert "namespace too" in str(refused) and "idleSeconds" in str(refused)
    assert "greedy" not in str(refused), "a pod is told nothing of other namespaces"
    assert "namespace greedy has most" in refused.for_the_log


def test_made_up_endpoints_leave_room_too() -> None:
    scene = Scene()
    with pytest.raises(DemandRefused, match="endpoints"):
        scene.bring_endpoints("greedy", 200)
    scene.bring_endpoints("victim", 10)


def test_sessions_that_no_pod_serves_end_within_minutes_whatever_their_idle_seconds() -> None:
    scene = Scene()
    scene.tell("gone", 20)
    scene.ledger.vanish(scene.pod("gone"), 10.0, may_live_on=True)
    scene.ledger.expire(10.0 + UNSERVED_SECONDS - 1.0)
    assert scene.ledger.sessions == 20, "its pods may come back"
    scene.ledger.expire(10.0 + UNSERVED_SECONDS + 1.0)
    assert scene.ledger.sessions == 0
    assert group_of_pods.UNSERVED_SECONDS == UNSERVED_SECONDS


def test_sessions_of_a_pod_that_left_others_live_on() -> None:
    scene = Scene()
    scene.tell("team", 20)
    scene.tell("team", 1, pod="other")
    scene.ledger.vanish(scene.pod("team"), 10.0, may_live_on=False)
    scene.ledger.expire(10_000.0)
    assert scene.ledger.sessions == 21


def test_the_minutes_begin_when_the_last_pod_is_gone() -> None:
    scene = Scene()
    scene.tell("team", 20)
    scene.tell("team", 1, pod="other")
    scene.ledger.vanish(scene.pod("team"), 10.0, may_live_on=False)
    scene.ledger.vanish(scene.pod("team", "other"), 5_000.0, may_live_on=False)
    scene.ledger.expire(5_001.0)
    assert scene.ledger.sessions == 21

"""All that the leader holds is charged to who told it, and given back when it is forgotten."""

from collections.abc import Iterable
from random import Random

import pytest

from moorage_contract.report_channel import DemandReport, EndpointReport, GroupReport, Handshake
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.demand import claims, sharing
from moorage_operator.planning.demand.claims import DemandRefused
from moorage_operator.planning.demand.demand_ledger import DemandLedger
from moorage_operator.planning.demand.gateway_pod import GatewayPod
from moorage_operator.planning.demand.served_groups import GroupRules

READY = Handshake(state="ready", own=True)


class Leader:
    """Hears pods of one gateway of some groups."""

    def __init__(self) -> None:
        self.ledger = DemandLedger(self, leading_since=-1000.0)
        self._seq = 0

    def served_by(self, gateway: ResourceName) -> dict[ResourceName, GroupRules]:
        return {ResourceName("one", f"g{n}"): GroupRules(10, 60) for n in range(300)}

    def pod(self, name: str) -> GatewayPod:
        return GatewayPod(ResourceName("one", "gateway"), name)

    def tell(
        self,
        name: str,
        endpoints: dict[str, EndpointReport],
        *,
        group: str = "g0",
        gone: tuple[str, ...] = (),
        now: float = 0.0,
        acknowledged: int = 0,
    ) -> None:
        self._seq += 1
        pod = self.pod(name)
        report = DemandReport(
            seq=self._seq,
            whole=name not in [one.pod for one in self.ledger.reports(pod.gateway)],
            gateway=str(pod.gateway),
            pod=name,
            table_digest="d",
            guidance_seq=acknowledged,
            groups={group: GroupReport(endpoints=endpoints, gone=gone)},
        )
        self.ledger.hear(pod, report, now)


@pytest.fixture(autouse=True)
def small_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "MAX_SESSIONS", 1000)
    monkeypatch.setattr(claims, "MAX_ENDPOINTS", 1000)


def test_each_pod_that_tells_the_same_sessions_is_charged_for_them() -> None:
    leader = Leader()
    told = {"u": EndpointReport(seen=tuple(str(n) for n in range(200)))}
    leader.tell("p1", told)
    leader.tell("p2", told)
    with pytest.raises(DemandRefused, match="400 of 1000 sessions"):
        leader.tell("p3", told)
    leader.tell("p1", told)
    assert leader.ledger.sessions == 200


def test_each_pod_that_tells_the_same_endpoints_is_charged_for_them() -> None:
    leader = Leader()
    told = {f"u{n}": EndpointReport(handshake=READY) for n in range(200)}
    leader.tell("p1", told)
    leader.tell("p2", told)
    with pytest.raises(DemandRefused, match="400 of 1000 endpoints"):
        leader.tell("p3", told)
    leader.ledger.vanish(leader.pod("p2"), 1.0, may_live_on=False)
    leader.tell("p3", told)


def test_ends_of_what_never_lived_are_remembered_within_the_share() -> None:
    leader = Leader()
    for n in range(300):
        made_up = tuple(f"{n}-{tag}" for tag in range(50))
        leader.tell("p1", {"u": EndpointReport(ended=made_up)}, group=f"g{n}")
    held = sum(len(group.ended) for group in leader.ledger._groups.values())
    assert held <= 500
    assert leader.ledger._held.sessions.total == held


def test_a_report_is_not_kept_beyond_what_it_told() -> None:
    leader = Leader()
    leader.tell("p1", {"u": EndpointReport(ended=tuple("abc"))})
    (connection,) = leader.ledger._connections.values()
    assert not connection.last.groups


@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_all_is_given_back_in_the_end(seed: int) -> None:
    random, leader = Random(seed), Leader()
    pods = ["p1", "p2", "p3"]

    def tags() -> tuple[str, ...]:
        return tuple(random.sample("abcdefgh", random.randrange(4)))

    for step in range(300):
        name, now = random.choice(pods), float(step)
        uids = random.sample("uvwx", 2)
        if random.random() < 0.1:
            leader.ledger.vanish(leader.pod(name), now, may_live_on=random.random() < 0.5)
            continue
        told = {
            uids[0]: EndpointReport(opened=tags(), seen=tags(), ended=tags(), idle=tags(), slots=2)
        }
        gone = (uids[1],) if random.random() < 0.2 else ()
        leader.tell(name, told, group=random.choice(("g0", "g1")), gone=gone, now=now)
        if random.random() < 0.5:
            leader.ledger.guidance(leader.pod(name), now, answer=True)
        if random.random() < 0.3:
            leader.ledger.expire(now)
    assert leader.ledger._held.sessions.total > 0
    for name in pods:
        leader.ledger.vanish(leader.pod(name), 300.0, may_live_on=True)
    leader.ledger.expire(1_000.0)
    leader.ledger.expire(2_000.0)
    assert leader.ledger._held.sessions.total == leader.ledger._held.endpoints.total == 0
    assert not leader.ledger._held.sessions._by_pod


def test_the_order_of_takers_is_reckoned_once_for_all_pods_and_endpoints(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    leader, reckoned = Leader(), []
    told = {f"u{n}": EndpointReport(handshake=READY) for n in range(20)}
    pods = [f"p{n}" for n in range(20)]
    for name in pods:
        leader.tell(name, told)
    begin = sharing.Order.__init__

    def counted(order: sharing.Order, takers: Iterable[GatewayPod]) -> None:
        reckoned.append(order)
        begin(order, takers)

    monkeypatch.setattr(sharing.Order, "__init__", counted)
    for name in pods:
        guidance = leader.ledger.guidance(leader.pod(name), 0.0, answer=True)
        assert guidance is not None and len(guidance.groups["g0"]) == 20
    assert len(reckoned) == 1

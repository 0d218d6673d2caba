"""Nobody is refused for ends that are only remembered: the oldest give way where room lacks."""

from random import Random

import pytest

from moorage_contract.report_channel import DemandReport, EndpointReport, GroupReport
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.demand import claims
from moorage_operator.planning.demand.claims import DemandRefused
from moorage_operator.planning.demand.demand_ledger import DemandLedger
from moorage_operator.planning.demand.gateway_pod import GatewayPod
from moorage_operator.planning.demand.served_groups import GroupRules


class Leader:
    """Hears pods of a gateway in each namespace."""

    def __init__(self) -> None:
        self.ledger = DemandLedger(self, leading_since=-1000.0)
        self._seqs: dict[GatewayPod, int] = {}

    def served_by(self, gateway: ResourceName) -> dict[ResourceName, GroupRules]:
        return {ResourceName(gateway.namespace, f"g{n}"): GroupRules(10, 60) for n in range(21)}

    def tell(
        self, namespace: str, pod: str, told: dict[str, EndpointReport], now: float = 0.0
    ) -> None:
        """News of one endpoint of each group."""
        who = GatewayPod(ResourceName(namespace, "gateway"), pod)
        seq = self._seqs[who] = self._seqs.get(who, 0) + 1
        groups = {name: GroupReport(endpoints={f"u-{name}": news}) for name, news in told.items()}
        report = DemandReport(
            seq=seq,
            whole=seq == 1,
            gateway=str(who.gateway),
            pod=pod,
            table_digest="d",
            groups=groups,
        )
        self.ledger.hear(who, report, now)

    def remembered(self, namespace: str) -> list[str]:
        """The tags of the ends, oldest first in each group."""
        return [
            tag
            for name, group in self.ledger._groups.items()
            for tag in group.ended._ended
            if name.namespace == namespace
        ]


@pytest.fixture(autouse=True)
def small_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "MAX_SESSIONS", 1000)
    monkeypatch.setattr(claims, "MAX_SESSIONS_PER_POD", 300)


def begun_and_ended(leader: Leader, pod: str, round_: int, namespace: str = "one") -> None:
    """In each of 21 groups two sessions begin, and those of the round before end."""
    leader.tell(
        namespace,
        pod,
        {
            f"g{n}": EndpointReport(
                opened=tuple(f"{pod}-{n}-{round_}-{each}" for each in range(2)),
                ended=tuple(f"{pod}-{n}-{round_ - 1}-{each}" for each in range(2))
                if round_
                else (),
            )
            for n in range(21)
        },
        now=float(round_),
    )


def test_a_pod_with_many_short_sessions_is_never_refused() -> None:
    leader = Leader()
    for round_ in range(100):
        begun_and_ended(leader, "p1", round_)
        assert leader.ledger._held.sessions.total <= 300
    assert leader.ledger.sessions == 42
    assert len(leader.remembered("one")) > 100


def test_nor_is_a_namespace_of_several() -> None:
    leader = Leader()
    for round_ in range(60):
        for pod in ("p1", "p2", "p3", "p4"):
            begun_and_ended(leader, pod, round_)
        assert leader.ledger._held.sessions.total <= 500
    assert leader.ledger.sessions == 4 * 42


def test_nor_is_one_namespace_for_the_ends_of_another() -> None:
    leader = Leader()
    for round_ in range(60):
        for pod in ("p1", "p2"):
            begun_and_ended(leader, pod, round_)
    live = {"g0": EndpointReport(opened=tuple(f"live-{n}" for n in range(280)))}
    leader.tell("two", "p1", live)
    assert leader.ledger.sessions == 2 * 42 + 280
    leader.tell("two", "p2", {"g0": EndpointReport(opened=tuple(f"more-{n}" for n in range(160)))})
    assert len(leader.remembered("one")) < 400


def test_the_oldest_are_forgotten() -> None:
    leader = Leader()
    for now in range(5):
        ended = tuple(f"{now}-{n}" for n in range(50))
        leader.tell("one", "p1", {f"g{now % 2}": EndpointReport(ended=ended)}, float(now))
    leader.tell("one", "p1", {"g2": EndpointReport(opened=tuple(str(n) for n in range(100)))}, 5.0)
    kept = leader.remembered("one")
    assert len(kept) == 200
    assert not [tag for tag in kept if tag.startswith("0-")]


def test_what_lives_is_refused_past_the_bound_and_nothing_is_forgotten_for_it() -> None:
    leader = Leader()
    leader.tell("one", "p1", {"g0": EndpointReport(ended=tuple(f"e{n}" for n in range(200)))})
    with pytest.raises(DemandRefused):
        leader.tell("one", "p1", {"g1": EndpointReport(opened=tuple(f"{n}" for n in range(301)))})
    assert len(leader.remembered("one")) == 200


@pytest.mark.parametrize("seed", range(20))
def test_accounts_stay_exact(seed: int) -> None:
    random, leader = Random(seed), Leader()
    for step in range(200):
        namespace, pod = random.choice(("one", "two")), random.choice(("p1", "p2", "p3"))

        def tags(rng: Random = random) -> tuple[str, ...]:
            return tuple(str(rng.randrange(400)) for _ in range(rng.randrange(40)))

        told = {f"g{random.randrange(3)}": EndpointReport(opened=tags(), ended=tags(), idle=tags())}
        try:
            leader.tell(namespace, pod, told, float(step))
        except DemandRefused:
            ends = leader.ledger._held.remembered_ends
            assert leader.ledger._held.sessions.total - ends.total > 100
        held = leader.ledger._held
        ended = sum(len(group.ended) for group in leader.ledger._groups.values())
        assert held.remembered_ends.total == ended
    for who in leader._seqs:
        leader.ledger.vanish(who, 300.0, may_live_on=False)
    leader.ledger.expire(1_000.0)
    leader.ledger.expire(2_000.0)
    assert held.sessions.total == held.remembered_ends.total == 0
    assert not held.remembered_ends._by_pod

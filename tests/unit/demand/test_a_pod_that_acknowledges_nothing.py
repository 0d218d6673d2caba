"""A pod that goes by no guidance costs the leader no more with each report."""

from time import process_time

from moorage_contract.report_channel import (
    DemandReport,
    EndpointReport,
    GroupReport,
    Guidance,
    Handshake,
)
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.demand.claims import MAX_UNACKNOWLEDGED
from moorage_operator.planning.demand.demand_ledger import DemandLedger
from moorage_operator.planning.demand.gateway_pod import GatewayPod
from moorage_operator.planning.demand.promises import Promise, Promises
from moorage_operator.planning.demand.served_groups import GroupRules

GATEWAY = ResourceName("hostile", "gateway")
POD = GatewayPod(GATEWAY, "deaf")
READY = Handshake(state="ready", own=True)


class Deaf:
    """Opens one session on each endpoint with each report, and ends the one before."""

    def __init__(self, endpoints: int) -> None:
        self.ledger = DemandLedger(self, leading_since=-1000.0)
        self._endpoints = endpoints
        self._seq = 0

    def served_by(self, gateway: ResourceName) -> dict[ResourceName, GroupRules]:
        return {ResourceName("hostile", "own"): GroupRules(10, 3600)}

    def turn(self, guidance_seq: int = 0) -> Guidance:
        self._seq += 1
        told = {
            f"u{n}": EndpointReport(
                handshake=READY if self._seq == 1 else None,
                opened=(f"{self._seq}-{n}",),
                ended=(f"{self._seq - 1}-{n}",),
            )
            for n in range(self._endpoints)
        }
        report = DemandReport(
            seq=self._seq,
            whole=self._seq == 1,
            gateway=str(GATEWAY),
            pod=POD.name,
            table_digest="d",
            guidance_seq=guidance_seq,
            groups={"own": GroupReport(endpoints=told)},
        )
        self.ledger.hear(POD, report, 1.0)
        guidance = self.ledger.guidance(POD, 1.0, answer=True)
        assert guidance is not None
        return guidance


def seconds_of(deaf: Deaf, turns: int) -> float:
    begun = process_time()
    for _ in range(turns):
        deaf.turn()
    return process_time() - begun


def test_each_report_costs_the_same() -> None:
    deaf = Deaf(endpoints=300)
    deaf.turn()
    first = seconds_of(deaf, 10)
    seconds_of(deaf, 80)
    assert seconds_of(deaf, 10) < 4 * first


def test_it_is_answered_and_told_nothing_new_until_it_goes_by_what_it_was_told() -> None:
    deaf = Deaf(endpoints=2)
    answers = [deaf.turn() for _ in range(MAX_UNACKNOWLEDGED + 10)]
    assert [answer.seq for answer in answers] == list(range(1, MAX_UNACKNOWLEDGED + 11))
    assert all(answer.groups for answer in answers[:MAX_UNACKNOWLEDGED])
    assert not any(answer.groups for answer in answers[MAX_UNACKNOWLEDGED:])
    assert deaf.turn(guidance_seq=answers[-1].seq).groups


def test_of_a_thousand_equal_promises_one_is_kept() -> None:
    promises = Promises(slots=3, report_seq=1)
    for n in range(1_000):
        promises.add(Promise(n + 1, 1 + n, 3))
        promises.opened(n + 2)
        promises.ended(n + 2)
    kept = promises._standing, promises._opened
    assert [len(each) for each in kept] == [1, 0]


def test_what_an_acknowledged_promise_ends_is_known_though_a_newer_one_is_as_large() -> None:
    promises = Promises(slots=5, report_seq=1)
    promises.add(Promise(1, 1, 2))
    promises.add(Promise(2, 1, 4))
    assert promises.outstanding == 5
    assert promises.acknowledge(1)
    assert promises.outstanding == 4

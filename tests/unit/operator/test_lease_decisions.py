"""Who may lead, decided from what the Lease says and for how long it has said so."""

from typing import Any

from moorage_operator.cluster.lease_record import (
    LEASE_SECONDS,
    WRITE_SECONDS,
    LeaseRecord,
    decide,
    leader_address,
    sight,
    written_over,
)

ME = "operator-a_10.0.0.1"
OTHER = "operator-b_10.0.0.2"


def _lease(holder: str | None, version: str = "1", **spec: Any) -> dict[str, Any]:
    metadata = {"resourceVersion": version, "labels": {"chart": "moorage"}}
    return {"metadata": metadata, "spec": {"holderIdentity": holder, **spec}}


def test_a_lease_that_nobody_holds_is_taken_at_once() -> None:
    for holder in (None, ""):
        sighting = sight(None, LeaseRecord.of(_lease(holder)), 0.0)
        assert decide(sighting, ME, 0.0) == "Acquire"


def test_an_unchanged_lease_is_taken_only_after_its_duration_as_seen_here() -> None:
    record = LeaseRecord.of(_lease(OTHER))
    first = sight(None, record, 100.0)
    later = sight(first, record, 100.0 + LEASE_SECONDS - 0.1)
    assert later is first
    assert decide(later, ME, 100.0 + LEASE_SECONDS - 0.1) == "Wait"
    assert decide(later, ME, 100.0 + LEASE_SECONDS) == "Acquire"


def test_every_renewal_begins_the_wait_anew() -> None:
    first = sight(None, LeaseRecord.of(_lease(OTHER, "1")), 0.0)
    renewed = sight(first, LeaseRecord.of(_lease(OTHER, "2")), 14.0)
    assert decide(renewed, ME, 14.0 + LEASE_SECONDS - 1) == "Wait"


def test_the_lease_of_an_earlier_process_of_this_pod_is_ours() -> None:
    sighting = sight(None, LeaseRecord.of(_lease(ME)), 0.0)
    assert decide(sighting, ME, 0.0) == "Renew"


def test_the_holder_stops_writing_before_others_may_lead() -> None:
    assert WRITE_SECONDS < LEASE_SECONDS


def test_writing_keeps_what_the_chart_put_there() -> None:
    taken = written_over(_lease(OTHER, "7", leaseTransitions=4), ME, "now")
    assert taken["metadata"] == {"resourceVersion": "7", "labels": {"chart": "moorage"}}
    assert taken["spec"]["holderIdentity"] == ME
    assert taken["spec"]["leaseTransitions"] == 5
    assert taken["spec"]["acquireTime"] == "now"
    renewed = written_over(taken, ME, "later")
    assert renewed["spec"]["leaseTransitions"] == 5
    assert renewed["spec"]["acquireTime"] == "now"
    assert renewed["spec"]["renewTime"] == "later"
    assert written_over(renewed, "", "last")["spec"]["holderIdentity"] == ""


def test_others_find_the_leader_by_its_name() -> None:
    assert leader_address(LeaseRecord(ME, "1")) == "10.0.0.1"
    assert leader_address(LeaseRecord("operator-a_fd00::1", "1")) == "fd00::1"
    assert leader_address(LeaseRecord("", "1")) == ""

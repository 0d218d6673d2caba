"""Who may lead, decided from what the Lease says and how long it has said so (pure).

Clocks of different machines are never compared: a holder is given up when its record has not
changed for the lease's duration *as this process saw it*.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

LEASE_NAME = "moorage-operator"
LEASE_SECONDS = 12.0
"""After so long without a change others take it."""
RENEW_SECONDS = 2.5
WRITE_SECONDS = 8.0
"""After so long without a renewal the holder itself writes nothing more."""

Decision = Literal["Acquire", "Renew", "Wait"]


@dataclass(frozen=True)
class LeaseRecord:
    """The Lease at one reading."""

    holder: str
    """Empty if it was released or never held."""
    version: str
    """resourceVersion: a write succeeds only over exactly this."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "LeaseRecord":
        spec = document.get("spec") or {}
        return cls(
            holder=spec.get("holderIdentity") or "",
            version=document["metadata"]["resourceVersion"],
        )


@dataclass(frozen=True)
class Sighting:
    """Since when, by this process's clock, the record stands unchanged."""

    record: LeaseRecord
    since: float


def sight(before: Sighting | None, record: LeaseRecord, now: float) -> Sighting:
    """What is known after another reading."""
    if before is not None and before.record == record:
        return before
    return Sighting(record, now)


def decide(sighting: Sighting, me: str, now: float) -> Decision:
    """What to do about the Lease.

    A record under one's own name was left by an earlier process of the same pod, which has ended:
    pods are named once, and a container starts only after its predecessor.
    """
    if sighting.record.holder == me:
        return "Renew"
    if not sighting.record.holder or now - sighting.since >= LEASE_SECONDS:
        return "Acquire"
    return "Wait"


def leader_address(record: LeaseRecord) -> str:
    """The address in the holder's name ``POD_ADDRESS``, empty if there is none."""
    return record.holder.rpartition("_")[2]


def written_over(document: Mapping[str, Any], holder: str, now_text: str) -> dict[str, Any]:
    """The Lease as ``holder`` writes it over the one it read; empty releases it.

    Everything else in it stays: labels and annotations are the chart's. ``now_text`` is RFC 3339
    with microseconds.
    """
    before = document.get("spec") or {}
    taken = bool(holder) and holder != before.get("holderIdentity")
    spec = {
        **before,
        "holderIdentity": holder,
        "leaseDurationSeconds": int(LEASE_SECONDS) if holder else 1,
        "renewTime": now_text,
    }
    if taken:
        spec["acquireTime"] = now_text
        spec["leaseTransitions"] = (before.get("leaseTransitions") or 0) + 1
    return {**document, "spec": spec}


def new_lease(namespace: str) -> dict[str, Any]:
    """A Lease that nobody holds, for runs without the chart."""
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": LEASE_NAME, "namespace": namespace},
        "spec": {},
    }

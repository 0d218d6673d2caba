"""The status of each resource: written when it says something new, counts at most once a minute."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.cluster.status import apply_status
from moorage_operator.cluster.write_fence import Clock
from moorage_operator.planning.snapshot import ObservedResource
from moorage_operator.planning.status import EventText, differs, transitions
from moorage_operator.running.extracts import ResourceExtract, version_of
from moorage_operator.running.resource_key import ResourceKey

COUNTS_SECONDS = 60.0
"""Counts that alone changed are written this long after the last write."""
COUNTS = frozenset({"sessions", "streams"})

Status = Mapping[str, Any]


@dataclass(frozen=True)
class _Written:
    uid: str
    version: int
    status: Status
    at: float


@dataclass(frozen=True)
class StatusOutcome:
    """What became of a status."""

    written: bool = False
    events: tuple[EventText, ...] = ()
    again_seconds: float | None = None
    """After how long held back counts may be written."""


class StatusWriter:
    """Writes statuses. Remembers one per resource that exists."""

    def __init__(self, client: ClusterClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._written: dict[ResourceKey, _Written] = {}

    def forget(self, key: ResourceKey) -> None:
        self._written.pop(key, None)

    def forget_all_but(self, there: Set[ResourceKey]) -> None:
        """Only these exist."""
        for key in self._written.keys() - there:
            del self._written[key]

    def previous(self, key: ResourceKey, seen: ResourceExtract) -> Status:
        """The newest status that is known: as observed, or as just written."""
        written = self._written.get(key)
        if written and written.uid == seen.observed.uid and written.version > seen.version:
            return written.status
        status = seen.observed.document.get("status")
        return status if isinstance(status, Mapping) else {}

    async def write(
        self, key: ResourceKey, resource: ObservedResource, previous: Status, status: Status
    ) -> StatusOutcome:
        """Write ``status`` if it differs from the previous one by more than young counts."""
        if not differs(previous, status):
            return StatusOutcome()
        wait = self._counts_wait(key, previous, status)
        if wait > 0:
            return StatusOutcome(again_seconds=wait)
        answer = await apply_status(self._client, key.kind, key.name, resource.uid, status)
        self._written[key] = _Written(
            resource.uid, version_of(answer), answer.get("status") or {}, self._clock()
        )
        return StatusOutcome(written=True, events=transitions(previous, status))

    def _counts_wait(self, key: ResourceKey, previous: Status, status: Status) -> float:
        written = self._written.get(key)
        if written is None or differs(_without_counts(previous), _without_counts(status)):
            return 0.0
        return written.at + COUNTS_SECONDS - self._clock()


def _without_counts(status: Status) -> Status:
    return {name: value for name, value in status.items() if name not in COUNTS}

"""What the last plan of each group means for the gateways that name it (pure)."""

from collections.abc import Set
from dataclasses import dataclass

from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.group_plan import group_failure
from moorage_operator.planning.snapshot import GroupSnapshot, ObservedResource, Plan


@dataclass(frozen=True, slots=True)
class _Outcome:
    uid: str
    failure: str | None
    ca_pem: str | None
    key_shown_at: int


class GroupOutcomes:
    """One outcome per group that exists."""

    def __init__(self) -> None:
        self._known: dict[ResourceName, _Outcome] = {}

    def knows(self, group: ObservedResource) -> bool:
        known = self._known.get(group.name)
        return known is not None and known.uid == group.uid

    def failure(self, group: ResourceName) -> str | None:
        """Why no gateway can serve the group, if so."""
        known = self._known.get(group)
        return None if known is None else known.failure

    def note(self, snapshot: GroupSnapshot, plan: Plan) -> bool:
        """Remember what a plan came to; whether that is news for gateways."""
        group = snapshot.resource
        outcome = _Outcome(
            group.uid, group_failure(plan.conditions), snapshot.ca_pem, _key_shown_at(snapshot)
        )
        before = self._known.get(group.name)
        self._known[group.name] = outcome
        return before != outcome

    def forget_all_but(self, there: Set[ResourceName]) -> None:
        """Only these exist."""
        for name in self._known.keys() - there:
            del self._known[name]

    def forget(self, group: ResourceName) -> None:
        self._known.pop(group, None)


def _key_shown_at(snapshot: GroupSnapshot) -> int:
    return 0 if snapshot.keys is None else snapshot.keys.shown_at

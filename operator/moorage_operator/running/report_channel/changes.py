"""What is told to the reconciler, and how often."""

from collections.abc import Callable
from dataclasses import dataclass

from moorage_operator.api.metadata import ResourceName
from moorage_operator.running.report_channel.pace import Allowance

TOLD_PER_SECOND, TOLD_AT_ONCE = 2.0, 10.0
"""By the pods of one gateway: each makes plans anew, before which those of others wait."""
COUNTS_SECONDS = 5.0
"""Mere counts are told at most so often."""


@dataclass(frozen=True)
class Change:
    """Gateways and groups whose plan may be another now."""

    gateways: frozenset[ResourceName] = frozenset()
    groups: frozenset[ResourceName] = frozenset()


class Changes:
    """Tells at once what matters, and gathers mere counts and what matters too often."""

    def __init__(self, on_change: Callable[[Change], None]) -> None:
        self._on_change = on_change
        self._told = Allowance(TOLD_PER_SECOND, TOLD_AT_ONCE)
        self._often = Gathered()
        self._counts = Gathered()
        self._counts_told_at = float("-inf")

    def tell(self, change: Change, by: ResourceName, now: float) -> None:
        """Something that matters, by a pod of that gateway."""
        if not (change.gateways or change.groups):
            return
        if self._told.wait_seconds(by, now):
            self._often.add(change)
            return
        self._told.take(by, 1, now)
        self._on_change(change)

    def note_counts(self, change: Change) -> None:
        """Numbers changed."""
        self._counts.add(change)

    def tell_rest(self, now: float) -> None:
        """Tell what was gathered; of the counts only unless that was done lately."""
        if self._often:
            self._on_change(self._often.taken())
        if self._counts and now - self._counts_told_at >= COUNTS_SECONDS:
            self._counts_told_at = now
            self._on_change(self._counts.taken())


class Gathered:
    """Changes that are told as one."""

    def __init__(self) -> None:
        self._gateways: set[ResourceName] = set()
        self._groups: set[ResourceName] = set()

    def __bool__(self) -> bool:
        return bool(self._gateways or self._groups)

    def add(self, change: Change) -> None:
        """This one too."""
        self._gateways |= change.gateways
        self._groups |= change.groups

    def taken(self) -> Change:
        """All of them; there are none afterwards."""
        change = Change(frozenset(self._gateways), frozenset(self._groups))
        self._gateways.clear()
        self._groups.clear()
        return change

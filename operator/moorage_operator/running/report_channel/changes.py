"""What is told to the reconciler, and how often."""

from collections.abc import Callable
from dataclasses import dataclass

from moorage_operator.api.metadata import ResourceName

COUNTS_SECONDS = 5.0
"""Mere counts are told at most so often."""


@dataclass(frozen=True)
class Change:
    """Gateways and groups whose plan may be another now."""

    gateways: frozenset[ResourceName] = frozenset()
    groups: frozenset[ResourceName] = frozenset()


class Changes:
    """Tells at once what matters, and gathers mere counts."""

    def __init__(self, on_change: Callable[[Change], None]) -> None:
        self._on_change = on_change
        self._gateways: set[ResourceName] = set()
        self._groups: set[ResourceName] = set()
        self._told_at = float("-inf")

    def tell(self, change: Change) -> None:
        """Something that matters at once."""
        if change.gateways or change.groups:
            self._on_change(change)

    def note_counts(self, change: Change) -> None:
        """Numbers changed."""
        self._gateways |= change.gateways
        self._groups |= change.groups

    def tell_counts(self, now: float) -> None:
        """Tell the gathered ones, unless that was done lately."""
        if now - self._told_at < COUNTS_SECONDS or not (self._gateways or self._groups):
            return
        self._told_at = now
        self._on_change(Change(frozenset(self._gateways), frozenset(self._groups)))
        self._gateways, self._groups = set(), set()

"""How one list+watch is, as its follower writes it down."""

from collections.abc import Iterable
from dataclasses import dataclass

from moorage_gateway.reporting.cluster_facts import WatchState, WatchTotals


@dataclass
class WatchLog:
    """Written by the follower alone."""

    kind: str
    namespace: str
    began_at: float
    """Monotonic seconds: from then on the API server could have been heard."""
    relists: int = 0
    errors: int = 0
    heard_at: float | None = None
    """Monotonic seconds of the last answer of the API server."""
    why: str = "not yet listed"
    """What went wrong last; empty while all is well."""

    refused_since: float | None = None
    """Monotonic seconds: since when the API server refuses it to us; None while it does not."""

    def heard(self, now: float) -> None:
        """The API server answered."""
        self.heard_at, self.refused_since, self.why = now, None, ""

    def failed(self, why: str, now: float, *, refused: bool) -> None:
        """It did not, or not so that it helps."""
        self.errors += 1
        self.why = why
        if not refused:
            self.refused_since = None
        elif self.refused_since is None:
            self.refused_since = now

    def state(self, now: float) -> WatchState:
        """What is told at the moment ``now``."""
        age = None if self.heard_at is None else round(now - self.heard_at, 3)
        return WatchState(self.kind, self.namespace, self.relists, self.errors, age, self.why)

    def totals(self, now: float) -> WatchTotals:
        """What it adds to its kind; one that was never heard is silent since it began."""
        last = self.began_at if self.heard_at is None else self.heard_at
        return WatchTotals(self.kind, self.relists, self.errors, round(now - last, 3))

    def retired(self) -> WatchTotals:
        """What stays of it when it is no longer needed: counters never go back."""
        return WatchTotals(self.kind, self.relists, self.errors, 0.0)


def totals_of(watches: Iterable[WatchTotals]) -> tuple[WatchTotals, ...]:
    """Watches by kind (pure)."""
    kinds: dict[str, list[WatchTotals]] = {}
    for each in watches:
        kinds.setdefault(each.kind, []).append(each)
    return tuple(
        WatchTotals(
            kind,
            sum(each.relists for each in of_kind),
            sum(each.errors for each in of_kind),
            max(each.age_seconds for each in of_kind),
        )
        for kind, of_kind in kinds.items()
    )

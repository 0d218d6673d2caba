"""How one list+watch is, as its follower writes it down."""

from dataclasses import dataclass

from moorage_gateway.reporting.cluster_facts import WatchState


@dataclass
class WatchLog:
    """Written by the follower alone."""

    kind: str
    namespace: str
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

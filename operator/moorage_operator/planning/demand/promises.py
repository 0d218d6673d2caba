"""What one pod may still open on one endpoint, by all that it was told and may go by (pure).

A pod goes by one guidance at a time: it opens at most ``slots`` sessions beyond those that its
report ``report_seq`` told, and a slot of a session that it opened since and that ended is free
again. Which guidance it goes by is known only when it acknowledges: until then the largest counts.
Sessions that were about to begin when a smaller one came may begin all the same: the pod says how
many.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Promise:
    """One guidance's slots."""

    guidance_seq: int
    report_seq: int
    slots: int


class Promises:
    """Those that may be in force, oldest first, and what was opened by them."""

    __slots__ = ("_opened", "_standing", "kept")

    def __init__(self, slots: int = 0, report_seq: int = 0) -> None:
        """A connection begins with what the pod says that it still opens."""
        self._standing = [Promise(0, report_seq, slots)]
        self._opened: dict[int, int] = {}
        """Live sessions by the report that told their opening."""
        self.kept = 0
        """What the last report said that is about to begin there, beyond what it acknowledges."""

    @property
    def newest(self) -> Promise:
        return self._standing[-1]

    @property
    def outstanding(self) -> int:
        """How many sessions it may open at most."""
        return max(self.kept, *(self.left(promise) for promise in self._standing))

    def left(self, promise: Promise) -> int:
        """What is left of one promise, as far as reports tell."""
        since = sum(n for seq, n in self._opened.items() if seq > promise.report_seq)
        return max(0, promise.slots - since)

    @property
    def is_used(self) -> bool:
        """Whether something was opened by the newest one, be it over again.

        The pod may not have heard yet of its end, and think that it has fewer slots left.
        """
        return any(seq > self.newest.report_seq for seq in self._opened)

    def add(self, promise: Promise) -> None:
        """It was sent; the pod goes by it sooner or later."""
        self._standing.append(promise)

    def acknowledge(self, guidance_seq: int) -> bool:
        """The pod goes by this one or a newer one; True if older ones are over by it."""
        before = len(self._standing)
        while len(self._standing) > 1 and self._standing[1].guidance_seq <= guidance_seq:
            del self._standing[0]
        if len(self._standing) == before:
            return False
        oldest = min(promise.report_seq for promise in self._standing)
        for seq in [seq for seq in self._opened if seq <= oldest]:
            del self._opened[seq]
        return True

    def opened(self, report_seq: int) -> None:
        """A report tells of a session that the pod opened."""
        self._opened[report_seq] = self._opened.get(report_seq, 0) + 1

    def ended(self, report_seq: int) -> None:
        """A session is over that this report had told."""
        if report_seq in self._opened:
            self._opened[report_seq] -= 1

"""What one pod may still open on one endpoint, by all that it was told and may go by (pure).

A pod goes by one guidance at a time: it opens at most ``slots`` sessions beyond those that its
report ``report_seq`` told, and a slot of a session that it opened since and that ended is free
again. Which guidance it goes by is known only when it acknowledges: until then the largest counts.
Sessions that were about to begin when a smaller one came may begin all the same: the pod says how
many.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Promise:
    """One guidance's slots."""

    guidance_seq: int
    """When this one is acknowledged, all older promises are over."""
    report_seq: int
    slots: int


class Promises:
    """Those that may be in force, oldest first, and what was opened by them.

    Each one that is kept promises less than the one before it: what an older one promises no
    more than a newer one does can never be the largest.
    """

    __slots__ = ("_last_opened", "_opened", "_standing", "kept")

    def __init__(self, slots: int = 0, report_seq: int = 0) -> None:
        """A connection begins with what the pod says that it still opens."""
        self._standing = [Promise(0, report_seq, slots)]
        self._opened: dict[int, int] = {}
        """Live sessions by the report that told their opening, oldest first."""
        self._last_opened = 0
        """The newest report that told an opening."""
        self.kept = 0
        """What the last report said that is about to begin there, beyond what it acknowledges."""

    @property
    def newest(self) -> Promise:
        return self._standing[-1]

    @property
    def outstanding(self) -> int:
        """How many sessions it may open at most."""
        if not self._opened:
            return max(self.kept, self._standing[0].slots)
        most, since = self.kept, 0
        openings = list(self._opened.items())
        for promise in reversed(self._standing):
            while openings and openings[-1][0] > promise.report_seq:
                since += openings.pop()[1]
            most = max(most, promise.slots - since)
        return most

    @property
    def is_used(self) -> bool:
        """Whether something was opened by the newest one, be it over again.

        The pod may not have heard yet of its end, and think that it has fewer slots left.
        """
        return self._last_opened > self.newest.report_seq

    def add(self, promise: Promise) -> None:
        """It was sent; the pod goes by it sooner or later."""
        in_force_from = promise.guidance_seq
        while self._standing and self._standing[-1].slots <= promise.slots:
            in_force_from = self._standing.pop().guidance_seq
        self._standing.append(replace(promise, guidance_seq=in_force_from))
        self._forget_known()

    def acknowledge(self, guidance_seq: int) -> bool:
        """The pod goes by this one or a newer one; True if older ones are over by it."""
        before = len(self._standing)
        while len(self._standing) > 1 and self._standing[1].guidance_seq <= guidance_seq:
            del self._standing[0]
        if len(self._standing) == before:
            return False
        self._forget_known()
        return True

    def opened(self, report_seq: int) -> None:
        """A report tells of a session that the pod opened."""
        self._opened[report_seq] = self._opened.get(report_seq, 0) + 1
        self._last_opened = max(self._last_opened, report_seq)

    def ended(self, report_seq: int) -> None:
        """A session is over that this report had told."""
        if report_seq not in self._opened:
            return
        self._opened[report_seq] -= 1
        if not self._opened[report_seq]:
            del self._opened[report_seq]

    def _forget_known(self) -> None:
        """What all that stand knew of uses none of their slots."""
        oldest = self._standing[0].report_seq
        for seq in [seq for seq in self._opened if seq <= oldest]:
            del self._opened[seq]

"""How much of something each one may take: so much at once, and so much more in each second."""

from collections.abc import Hashable


class Allowance:
    """Kept for each key; time is an argument, in seconds of one clock."""

    def __init__(self, per_second: float, at_once: float) -> None:
        self._per_second = per_second
        self._at_once = at_once
        self._taken: dict[Hashable, tuple[float, float]] = {}
        """By key what is not made up for yet, and when that was; the latest to take is last."""

    def take(self, key: Hashable, amount: float, now: float) -> None:
        """It was taken, be it too much."""
        taken = self._left_over(key, now) + amount
        self._taken.pop(key, None)
        self._taken[key] = (taken, now)
        oldest = next(iter(self._taken))
        if not self._left_over(oldest, now):
            del self._taken[oldest]

    def wait_seconds(self, key: Hashable, now: float) -> float:
        """Until it may take again; 0 if it may now."""
        return max(0.0, (self._left_over(key, now) - self._at_once) / self._per_second)

    def _left_over(self, key: Hashable, now: float) -> float:
        taken, then = self._taken.get(key, (0.0, now))
        return max(0.0, taken - (now - then) * self._per_second)

"""A histogram in plain cells: one list of counts and a sum (pure)."""

from collections.abc import Sequence


class Histogram:
    """Counts of values by upper bound, the last count being of those past every bound.

    ``counts`` and ``total`` are public because the hot path adds to them in place: a call per
    value would cost more than the adding (docs/metrics.md, "What it costs").
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0

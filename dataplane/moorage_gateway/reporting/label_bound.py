"""A bounded set of label values, so that no input can grow the metrics without end (pure)."""

OVERFLOW = "overflow"


class LabelBound:
    """Keeps the first ``limit`` values it sees; every later one is ``overflow``.

    A value's label never changes, so that what goes up under a label comes down under it.
    """

    __slots__ = ("_kept", "_limit")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: set[str] = set()

    def label(self, value: str) -> str:
        """``value`` itself while there is room, else ``overflow``."""
        if value in self._kept:
            return value
        if len(self._kept) >= self._limit:
            return OVERFLOW
        self._kept.add(value)
        return value

"""Orders names by a small integer load, every operation O(1) but for the count of distinct loads.

A plain scan over 1,000 endpoints costs more than the whole rest of a request.
"""

from collections.abc import Iterator


class LoadLadder:
    """Which name carries how much; who carries least, who most below a bound."""

    def __init__(self) -> None:
        self._loads: dict[str, int] = {}
        self._rungs: dict[int, dict[str, None]] = {}
        self._lowest = 0

    def __contains__(self, name: str) -> bool:
        return name in self._loads

    def __iter__(self) -> Iterator[str]:
        return iter(self._loads)

    def __len__(self) -> int:
        return len(self._loads)

    def load(self, name: str) -> int:
        """The load of ``name``, 0 if it is not on the ladder."""
        return self._loads.get(name, 0)

    def add(self, name: str, load: int = 0) -> None:
        """Put ``name`` on the ladder (or move it to ``load``)."""
        self.remove(name)
        self._loads[name] = load
        self._rungs.setdefault(load, {})[name] = None
        self._lowest = min(self._lowest, load) if len(self._loads) > 1 else load

    def remove(self, name: str) -> None:
        """Take ``name`` off the ladder; unknown names are no error."""
        load = self._loads.pop(name, None)
        if load is not None:
            self._leave(name, load)

    def shift(self, name: str, by: int) -> None:
        """Change the load of ``name``, which must be on the ladder."""
        load = self._loads[name]
        self._leave(name, load)
        load += by
        self._loads[name] = load
        self._rungs.setdefault(load, {})[name] = None
        if load < self._lowest:
            self._lowest = load

    def least(self) -> str | None:
        """A name of the lowest load: the one that has been there longest."""
        if not self._loads:
            return None
        if self._lowest not in self._rungs:
            self._lowest = min(self._rungs)
        return next(iter(self._rungs[self._lowest]))

    def fullest_below(self, bound: int) -> str | None:
        """A name of the highest load that is still below ``bound``."""
        load = max((load for load in self._rungs if load < bound), default=None)
        return None if load is None else next(iter(self._rungs[load]))

    def _leave(self, name: str, load: int) -> None:
        rung = self._rungs[load]
        del rung[name]
        if not rung:
            del self._rungs[load]

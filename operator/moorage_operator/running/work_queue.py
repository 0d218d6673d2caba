"""Which keys are due when: each at most once in the queue, each with at most one worker (pure).

Time is an argument. The asyncio shell around it is ``workers.py``.
"""

import heapq
from dataclasses import dataclass, field

from moorage_operator.running.resource_key import ResourceKey

FIRST_BACKOFF_SECONDS = 0.1
LONGEST_BACKOFF_SECONDS = 60.0
AFTER_CHANGE_SECONDS = 1.0
STALE_ENTRIES_PER_KEY = 8


@dataclass
class _KeyState:
    due: float | None = None
    running: bool = False
    again: float | None = None
    """When it is due after the run that is under way."""
    failures: int = 0


@dataclass
class WorkQueue:
    """Bounded by the number of resources: a key that is there already is only made due earlier."""

    _keys: dict[ResourceKey, _KeyState] = field(default_factory=dict)
    _heap: list[tuple[float, ResourceKey]] = field(default_factory=list)

    def __len__(self) -> int:
        return sum(state.due is not None for state in self._keys.values())

    def overdue(self, now: float) -> int:
        """How many keys wait for a worker."""
        return sum(state.due is not None and state.due <= now for state in self._keys.values())

    def add(self, key: ResourceKey, due: float) -> None:
        """Make the key due at that time, or earlier if it is so already."""
        state = self._keys.setdefault(key, _KeyState())
        if state.running:
            state.again = due if state.again is None else min(state.again, due)
        elif state.due is None or due < state.due:
            state.due = due
            heapq.heappush(self._heap, (due, key))
            self._drop_stale()

    def take(self, now: float) -> ResourceKey | None:
        """A key that is due; whoever takes it calls ``done`` or ``failed`` afterwards."""
        while self._heap and self._heap[0][0] <= now:
            due, key = heapq.heappop(self._heap)
            state = self._keys.get(key)
            if state is not None and state.due == due and not state.running:
                state.due, state.running = None, True
                return key
        return None

    def next_due(self) -> float | None:
        """When the next key is due."""
        while self._heap:
            due, key = self._heap[0]
            state = self._keys.get(key)
            if state is not None and state.due == due and not state.running:
                return due
            heapq.heappop(self._heap)
        return None

    def done(self, key: ResourceKey, *, look_again: float | None) -> None:
        """The key's work is finished; None forgets it, unless it was added meanwhile."""
        self._keys[key].failures = 0
        self._ended(key, look_again)

    def failed(self, key: ResourceKey, now: float, jitter: float) -> float:
        """The key's work failed: it is due again after a growing pause; returns the pause.

        ``jitter`` is a random number from 0 to 1; the pause is between half and all of the step.
        """
        state = self._keys[key]
        doubled: float = FIRST_BACKOFF_SECONDS * 2.0 ** min(state.failures, 20)
        step = min(doubled, LONGEST_BACKOFF_SECONDS)
        state.failures += 1
        pause = step * (0.5 + jitter / 2)
        if state.again is not None:
            # What changed meanwhile may be the remedy; it may also be what the failure left behind.
            pause, state.again = min(pause, AFTER_CHANGE_SECONDS), None
        self._ended(key, now + pause)
        return pause

    def _drop_stale(self) -> None:
        """Entries of keys that were made due earlier stay behind in the heap."""
        if len(self._heap) > STALE_ENTRIES_PER_KEY * (len(self._keys) + 1):
            dues = ((state.due, key) for key, state in self._keys.items())
            self._heap = [(due, key) for due, key in dues if due is not None]
            heapq.heapify(self._heap)

    def _ended(self, key: ResourceKey, look_again: float | None) -> None:
        state = self._keys[key]
        state.running = False
        times = [at for at in (state.again, look_again) if at is not None]
        state.again = None
        if times:
            self.add(key, min(times))
        else:
            del self._keys[key]

"""How late the event loop is: the delay of a timer, remembered for a short while."""

import asyncio
from collections import deque

PERIOD_SECONDS = 0.5
REMEMBERED = 30


class LoopLag:
    """Sets a timer again and again and sees how late it comes."""

    def __init__(self) -> None:
        self._delays: deque[float] = deque(maxlen=REMEMBERED)
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to measure the running loop."""
        self._schedule(asyncio.get_running_loop())

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        due = loop.time() + PERIOD_SECONDS
        self._timer = loop.call_at(due, self._came, loop, due)

    def _came(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self._delays.append(max(0.0, loop.time() - due))
        self._schedule(loop)

    def worst_seconds(self) -> float:
        """The longest delay of the last 15 seconds (30 timers, half a second apart)."""
        return max(self._delays, default=0.0)

    def stop(self) -> None:
        """Measure no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

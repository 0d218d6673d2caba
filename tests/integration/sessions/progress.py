"""Telling a person how far a long run is, and waiting for it to get that far."""

import asyncio
import sys

TOLD_TIMES = 20


class Progress:
    def __init__(self, expected_calls: int, quiet: bool = False) -> None:
        self._every = max(1, expected_calls // TOLD_TIMES)
        self._quiet = quiet
        self._calls = 0
        self._waited_for: tuple[int, asyncio.Event] | None = None

    def say(self, words: str) -> None:
        if not self._quiet:
            print(words, file=sys.stderr, flush=True)

    def count(self) -> None:
        """One more call has ended."""
        self._calls += 1
        if self._calls % self._every == 0:
            self.say(f"{self._calls} calls")
        if self._waited_for is not None and self._calls >= self._waited_for[0]:
            self._waited_for[1].set()

    async def after(self, calls: int) -> None:
        """Returns when that many more calls have ended."""
        reached = asyncio.Event()
        self._waited_for = (self._calls + calls, reached)
        await reached.wait()
        self._waited_for = None

"""The leader's time for what pods say and are told: it has its Lease to renew."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from moorage_contract.report_channel import LOST_SECONDS
from moorage_operator.running.report_channel.pace import Allowance
from moorage_operator.running.report_channel.row import Row

LOOP_SHARE, LOOP_SECONDS_AT_ONCE = 0.25, 1.0
"""Of one namespace's pods."""
SHARE_OF_ALL, SECONDS_AT_ONCE_OF_ALL = 0.5, 2.0
"""Of all together, as many may come at one moment; no namespace alone comes to this bound."""
KEPT_SECONDS = LOST_SECONDS / 2
"""Who waits is shown so often that it is not forgotten."""
_ALL = ""


class LoopTime:
    """Given in turns, one frame each; between any two the event loop does whatever else is due."""

    def __init__(self) -> None:
        self._of_namespace = Allowance(LOOP_SHARE, LOOP_SECONDS_AT_ONCE)
        self._of_all = Allowance(SHARE_OF_ALL, SECONDS_AT_ONCE_OF_ALL)
        self._row = Row()

    def take(self, namespace: str, seconds: float, now: float) -> None:
        """The namespace's pods have had it."""
        self._of_namespace.take(namespace, seconds, now)
        self._of_all.take(_ALL, seconds, now)

    def wait_seconds(self, namespace: str, now: float) -> float:
        """Until the namespace is within its share."""
        return self._of_namespace.wait_seconds(namespace, now)

    @asynccontextmanager
    async def turn(
        self,
        namespace: str,
        wait_seconds: Callable[[], float],
        keep: Callable[[], Awaitable[None]],
    ) -> AsyncIterator[None]:
        """Entered once it may begin; ``keep`` is called while it waits.

        ``wait_seconds`` is asked anew each time: others of the namespace wait as well.
        """
        await self._come(namespace, wait_seconds, keep)
        try:
            now = asyncio.get_running_loop().time()
            await asyncio.sleep(min(self._of_all.wait_seconds(_ALL, now), KEPT_SECONDS))
            yield
        finally:
            self._row.leave()

    async def _come(
        self,
        namespace: str,
        wait_seconds: Callable[[], float],
        keep: Callable[[], Awaitable[None]],
    ) -> None:
        while True:
            while seconds := wait_seconds():
                await asyncio.sleep(min(seconds, KEPT_SECONDS))
                await keep()
            await self._row.come(namespace, KEPT_SECONDS, keep)
            if not wait_seconds():
                return
            self._row.leave()

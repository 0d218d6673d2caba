"""The workers around the work queue: one key each at a time, failures again after a pause."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from moorage_operator.cluster.errors import ClusterError, is_namespace_ending
from moorage_operator.cluster.write_fence import Clock
from moorage_operator.running.cancellation import is_asked_to_end
from moorage_operator.running.resource_key import ResourceKey
from moorage_operator.running.work_queue import WorkQueue

logger = logging.getLogger(__name__)

WORKERS = 8

Reconcile = Callable[[ResourceKey], Awaitable[float | None]]
"""Looks after one key; returns after how many seconds to look again, None if it is gone."""
Observe = Callable[[ResourceKey, float, bool], None]
"""Told after each run: the key, how long it took, whether it went well."""


class Workers:
    """Takes keys from the queue as they are due."""

    def __init__(self, reconcile: Reconcile, observe: Observe, clock: Clock) -> None:
        self._reconcile = reconcile
        self._observe = observe
        self._clock = clock
        self._queue = WorkQueue()
        self._changed = asyncio.Event()

    def add(self, key: ResourceKey, after_seconds: float = 0.0) -> None:
        """Have the key looked at; an earlier wish stands."""
        self._queue.add(key, self._clock() + after_seconds)
        self._changed.set()

    def waiting(self) -> int:
        """How many keys are due and have no worker yet."""
        return self._queue.overdue(self._clock())

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            for number in range(WORKERS):
                group.create_task(self._work(), name=f"worker {number}")

    async def _work(self) -> None:
        while True:
            key = self._queue.take(self._clock())
            if key is None:
                await self._wait()
            else:
                await self._work_on(key)

    async def _wait(self) -> None:
        due = self._queue.next_due()
        self._changed.clear()
        try:
            async with asyncio.timeout(None if due is None else max(0.0, due - self._clock())):
                await self._changed.wait()
        except TimeoutError:
            return

    async def _work_on(self, key: ResourceKey) -> None:
        began = self._clock()
        try:
            again = await self._reconcile(key)
        except ClusterError as error:
            is_expected = is_namespace_ending(error)
            self._failed(key, began, well=is_expected)
            logger.log(logging.INFO if is_expected else logging.WARNING, "%s: %s", key, error)
        except (Exception, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and is_asked_to_end():
                raise
            self._failed(key, began)
            logger.exception("%s: cannot be reconciled", key)
        else:
            now = self._clock()
            self._queue.done(key, look_again=None if again is None else now + again)
            self._observe(key, now - began, True)
        self._changed.set()

    def _failed(self, key: ResourceKey, began: float, *, well: bool = False) -> None:
        now = self._clock()
        self._queue.failed(key, now, random.random())
        self._observe(key, now - began, well)

"""The tasks that this process cannot do without: none of them may end unheard."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from moorage_operator.running.stop import Stop


class VitalTasks:
    """Runs tasks for as long as the process leads or lives; one that breaks ends the process.

    A leader without workers would hold the Lease and do nothing, and nobody would take over. A
    TaskGroup would cancel kopf too, whose orderly end needs to be asked for instead.
    """

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._running: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, work: Coroutine[Any, Any, None], *, returns: bool = False) -> None:
        """Run the work under a name of its own until ``end`` is called with that.

        ``returns``: it may be done before; else its end is a failure too.
        """
        task = self._running[name] = asyncio.create_task(work, name=name)
        task.add_done_callback(lambda task: self._heard(name, task, returns))

    async def end(self, *names: str) -> None:
        """Cancel the tasks of those names, all if none is given, and wait for their ends."""
        named = names or tuple(self._running)
        ending = [self._running.pop(name) for name in named if name in self._running]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    def _heard(self, name: str, task: asyncio.Task[None], returns: bool) -> None:
        """A task is done, by itself, by ``end``, or by whoever else cancelled it."""
        was_asked = self._running.get(name) is not task
        if not was_asked:
            del self._running[name]
        if task.cancelled():
            if not was_asked:
                self._stop.fail(f"the task {name!r} was cancelled, which nobody asked for")
        elif (error := task.exception()) is not None:
            self._stop.fail(f"the task {name!r} failed: {error!r}", error)
        elif not returns and not was_asked:
            self._stop.fail(f"the task {name!r} ended, which nobody asked it to")

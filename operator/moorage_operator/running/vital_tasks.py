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
        watched = self._watched(name, work, returns)
        self._running[name] = asyncio.create_task(watched, name=name)

    async def end(self, *names: str) -> None:
        """Cancel the tasks of those names, all if none is given, and wait for their ends."""
        named = names or tuple(self._running)
        ending = [self._running.pop(name) for name in named if name in self._running]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    async def _watched(self, name: str, work: Coroutine[Any, Any, None], returns: bool) -> None:
        try:
            await work
        except Exception as error:
            self._stop.fail(f"the task {name!r} failed: {error!r}", error)
        else:
            if not returns:
                self._stop.fail(f"the task {name!r} ended, which nobody asked it to")

"""Which tasks are kopf's: in its end it cancels all that began after it, whoever began them."""

import asyncio
from collections.abc import Coroutine, Generator
from contextvars import Context, ContextVar, copy_context
from typing import Any
from weakref import WeakSet

Task = asyncio.Task[Any]
Work = Coroutine[Any, Any, Any] | Generator[Any, None, Any]

_IS_KOPFS: ContextVar[bool] = ContextVar("is_kopfs", default=False)


class KopfTasks:
    """Tells the tasks that begin within kopf, however deep, from all others of the loop."""

    def __init__(self) -> None:
        self._begun: WeakSet[Task] = WeakSet()
        self.others = _AllBut(self._begun)

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin the work of kopf, whose tasks are noted from now on."""
        loop = asyncio.get_running_loop()
        loop.set_task_factory(self._new_task)
        context = copy_context()
        context.run(_IS_KOPFS.set, True)
        return loop.create_task(work, context=context)

    def _new_task(
        self,
        loop: asyncio.AbstractEventLoop,
        work: Work,
        context: Context | None = None,
        **more: Any,
    ) -> Task:
        # A task's context is only told from Python 3.12 on, and only by the task itself.
        within = (context or copy_context()).get(_IS_KOPFS, False)
        task: Task = asyncio.Task(work, loop=loop, context=context, **more)
        if within:
            self._begun.add(task)
        return task


class _AllBut:
    """Holds every task but those, also such as begin later."""

    def __init__(self, tasks: WeakSet[Task]) -> None:
        self._tasks = tasks

    def __contains__(self, task: object) -> bool:
        return task not in self._tasks

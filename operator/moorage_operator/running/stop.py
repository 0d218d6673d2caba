"""Why and with which exit code this process shall end: asked to, or by a task that broke."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

logger = logging.getLogger(__name__)

FAILED_EXIT_CODE = 1


class Stop:
    """Set once, by a signal or by a failure; whatever waits in this process waits for it too."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        self.exit_code = 0

    @property
    def is_asked(self) -> bool:
        return self._asked.is_set()

    def ask(self) -> None:
        """Somebody wants the process to end."""
        self._asked.set()

    def fail(self, why: str, error: BaseException | None = None) -> None:
        """Something broke that the process cannot do without: it ends, to be started anew."""
        logger.critical("%s; this process ends, to be started anew", why, exc_info=error)
        self.exit_code = FAILED_EXIT_CODE
        self.ask()

    async def wait(self) -> None:
        await self._asked.wait()

    async def until(self, work: Coroutine[Any, Any, object]) -> bool:
        """Whether the work was done before the stop, which cuts it short.

        Raises whatever the work raised.
        """
        doing = asyncio.create_task(work)
        asked = asyncio.create_task(self.wait())
        try:
            await asyncio.wait((doing, asked), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (doing, asked):
                task.cancel()
            await asyncio.gather(doing, asked, return_exceptions=True)
        if not doing.cancelled():
            doing.result()
        return not self.is_asked

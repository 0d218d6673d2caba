"""SIGINT and SIGTERM: the first asks for a clean stop, the second for one at once."""

import asyncio
import os
import signal
from typing import Final

STATUS_AFTER_THIRD: Final = 130


class StopSignals:
    """What was asked for so far."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.stop = asyncio.Event()
        self.at_once = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._met)

    def _met(self) -> None:
        if self.at_once.is_set():
            os._exit(STATUS_AFTER_THIRD)
        if self.stop.is_set():
            self.at_once.set()
        self.stop.set()

"""SIGTERM and SIGINT ask for an orderly end."""

import asyncio
import signal


def stop_on_signals(stop: asyncio.Event) -> None:
    """Have both signals set ``stop``, instead of whatever they did before."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

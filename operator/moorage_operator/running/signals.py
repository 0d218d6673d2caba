"""SIGTERM and SIGINT ask for an orderly end."""

import asyncio
import signal

from moorage_operator.running.stop import Stop


def stop_on_signals(stop: Stop) -> None:
    """Have both signals ask for the stop, instead of whatever they did before."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.ask)

"""How a running ``moorage up`` tells what goes on: a live summary, or JSON logs."""

import asyncio
import logging
import sys
from collections.abc import Callable, Sequence
from typing import Final

from moorage_contract.route_table import RouteTable
from moorage_gateway.gateway_status import GatewayStatus
from moorage_gateway.reporting.logging_setup import configure_logging
from moorage_local.live_summary import summary
from moorage_local.screen import Screen
from moorage_local.screen_log import ScreenHandler

REFRESH_SECONDS: Final = 1.0
_LAST_WORDS_SECONDS: Final = 1.0
_SUMMARY_SHARE: Final = 2
"""The summary takes at most one half of the terminal."""


class JsonReport:
    """For pipes and files: what is said goes to stdout, log and access log to stderr as JSON."""

    access_log: int | None = 2

    def start(self) -> None:
        """Begin to report."""
        configure_logging()

    def say(self, lines: Sequence[str]) -> None:
        """Lines for people."""
        print(*lines, sep="\n", flush=True)

    async def follow(
        self, table: Callable[[], RouteTable], status: Callable[[], GatewayStatus]
    ) -> None:
        """Nothing to refresh: the admin port and the log tell everything."""

    def stop(self) -> None:
        """Nothing to end."""


class TerminalReport:
    """For a person: a summary that refreshes, warnings and changes above it."""

    access_log: int | None = None

    def __init__(self) -> None:
        self._screen = Screen(sys.stdout)

    def start(self) -> None:
        """Begin to report."""
        configure_logging(logging.WARNING, ScreenHandler(self._screen))
        logging.getLogger("moorage_local").setLevel(logging.INFO)
        self._screen.start()

    def say(self, lines: Sequence[str]) -> None:
        """Lines for people, to stay above the summary."""
        self._screen.say(lines)

    async def follow(
        self, table: Callable[[], RouteTable], status: Callable[[], GatewayStatus]
    ) -> None:
        """Refresh the summary until cancelled."""
        loop = asyncio.get_running_loop()
        before, then = status(), loop.time()
        while True:
            now = status()
            width, height = self._screen.size
            lines = summary(
                table(),
                now,
                before,
                seconds=loop.time() - then,
                width=width,
                height=height // _SUMMARY_SHARE,
            )
            self._screen.draw(["", *lines])
            before, then = now, loop.time()
            await asyncio.sleep(REFRESH_SECONDS)

    def stop(self) -> None:
        """The last state stays on the terminal."""
        self._screen.close(_LAST_WORDS_SECONDS)


Report = JsonReport | TerminalReport


def choose_report() -> Report:
    """By what stdout is."""
    return TerminalReport() if sys.stdout.isatty() else JsonReport()

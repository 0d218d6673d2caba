"""How a gateway stops without dropping anybody's call.

Readiness has failed already → go on accepting, every answer closing its connection → GET streams
get ``retry:`` and close at an event boundary, listens end with their result → running calls and
POST streams end within ``drain_seconds`` → what still runs is told as lost → close.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from moorage_gateway.errors import CapacityError, OutcomeUnknown
from moorage_gateway.parts import Parts
from moorage_gateway.relaying.answer_relay import FAREWELL
from moorage_gateway.settings import Limits

LAST_WORDS_SECONDS = 2.0
"""How long clients may take to read what they are told at the very end."""
GONE_SECONDS = 1.0
TICK_SECONDS = 0.02


class Listener(Protocol):
    """What lets connections in."""

    def close(self) -> None: ...


class StopSequence:
    """Runs once."""

    def __init__(self, parts: Parts, limits: Limits, say_closed: Callable[[], None]) -> None:
        """``say_closed`` is called when nobody can connect any more."""
        self._server = parts.front_server
        self._front = parts.front
        self._exchanges = parts.runtime.exchanges
        self._limits = limits
        self._say_closed = say_closed
        self._loop = asyncio.get_running_loop()

    async def run(self, listener: Listener) -> None:
        """Returns when every connection has ended, or after the time they are given."""
        self._server.closing = True
        await asyncio.sleep(self._limits.readiness_seconds)
        listener.close()
        self._say_closed()
        self._server.close_idle()
        await self._wait(self._limits.drain_seconds, self._end_streams)
        self._tell_what_is_lost()
        await self._wait(LAST_WORDS_SECONDS, self._end_streams)
        self._server.abort_all()
        await self._wait(GONE_SECONDS)

    async def _wait(self, seconds: float, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Wait, but not for nothing: connections whose last byte is sent are gone."""
        deadline = self._loop.time() + seconds
        while self._server.open_connections and self._loop.time() < deadline:
            meanwhile()
            self._server.end_overdue()
            await asyncio.sleep(TICK_SECONDS)

    def _end_streams(self) -> None:
        """End what has no end of its own: streams and listens, also those that begin only now."""
        for relay in tuple(self._exchanges.running):
            if relay.is_get_stream:
                relay.close_stream(FAREWELL)
                relay.refuse(_stopping())
        self._front.finish_listens()
        self._front.http_sse.drain()

    def _tell_what_is_lost(self) -> None:
        """The time is over: callers learn that their calls may have run."""
        for relay in tuple(self._exchanges.running):
            relay.time_out(_lost())
        self._front.http_sse.break_off(_lost())


def _stopping() -> CapacityError:
    return CapacityError(
        "this gateway process stops",
        reason="GatewayStopping",
        remedy="send it again: another replica takes it",
        retry_after_seconds=1,
    )


def _lost() -> OutcomeUnknown:
    return OutcomeUnknown(
        "this gateway process stops and can wait no longer; the call may have run",
        remedy="check its effect before calling again",
    )

"""Verifies endpoints when they appear or have failed, and pings the quiet ones."""

import asyncio
from collections.abc import Callable

from moorage_gateway.connecting.handshake import ping, shake_hands
from moorage_gateway.connecting.http_sse_handshake import shake_hands_over_http_sse
from moorage_gateway.errors import (
    AnswerTimeout,
    CapacityError,
    EndpointUnreachable,
    GatewayError,
    UpstreamError,
)
from moorage_gateway.routing.endpoint_book import BookedEndpoint, EndpointBook
from moorage_gateway.routing.endpoint_state import EndpointState

FIRST_RETRY_SECONDS = 0.1
LAST_RETRY_SECONDS = 0.6
"""With the jitter under a second: so soon serves again what has come back."""
ROUND_SECONDS = 0.5
QUIET_SECONDS = 10.0
"""An endpoint that has not answered for so long is pinged."""
SUSPICIOUS_SECONDS = 1.0
"""The same for one that owes an answer: with ping and round it is out within 3 s if it hangs."""
HANDSHAKES_AT_ONCE = 32


class Verification:
    """One task per endpoint that is not ready, one round of pings for all others."""

    def __init__(self, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self._slots = asyncio.Semaphore(HANDSHAKES_AT_ONCE)
        self._verifying: dict[BookedEndpoint, asyncio.Task[None]] = {}
        self.book: EndpointBook | None = None

    def begin(self, booked: BookedEndpoint) -> None:
        """Verify an endpoint until it is ready or leaves the table."""
        ready_or_gone = booked.health.state in (EndpointState.READY, EndpointState.ABSENT)
        if booked in self._verifying or ready_or_gone:
            return
        task = asyncio.get_running_loop().create_task(self._verify(booked))
        self._verifying[booked] = task
        task.add_done_callback(lambda _: self._verifying.pop(booked, None))

    async def _verify(self, booked: BookedEndpoint) -> None:
        delay_seconds = FIRST_RETRY_SECONDS
        while booked.health.state is not EndpointState.ABSENT:
            if await self._shake_hands(booked):
                return
            await asyncio.sleep(delay_seconds * (0.5 + self._jitter()))
            delay_seconds = min(2 * delay_seconds, LAST_RETRY_SECONDS)

    async def _shake_hands(self, booked: BookedEndpoint) -> bool:
        assert self.book is not None
        try:
            async with self._slots:
                # A stdio server starts with its first session; its bridge need only listen.
                if booked.group.rules.source == "Stdio":
                    await ping(booked.pool)
                    versions: tuple[str, ...] = ()
                elif booked.group.rules.transport == "HttpSse":
                    versions = await shake_hands_over_http_sse(booked.pool)
                else:
                    versions = await shake_hands(booked.pool)
        except GatewayError as error:
            silent = isinstance(error, AnswerTimeout) and booked.health.silent
            self.book.set_health(booked, booked.health.failed(error.message, silent=silent))
            return False
        if booked.health.state is EndpointState.ABSENT:
            return True
        booked.last_answer = asyncio.get_running_loop().time()
        self.book.set_health(booked, booked.health.verified(versions))
        return True

    async def ping_rounds(self) -> None:
        """Runs until cancelled."""
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            now = asyncio.get_running_loop().time()
            quiet = [booked for booked in self._ready() if self._is_due(booked, now)]
            await asyncio.gather(*(self._ping(booked) for booked in quiet))

    def _ready(self) -> list[BookedEndpoint]:
        assert self.book is not None
        return [
            group.endpoints[uid] for group in self.book.groups.values() for uid in group.requests
        ]

    def _is_due(self, booked: BookedEndpoint, now: float) -> bool:
        owes = booked.awaited or booked.health.failures
        return now - booked.last_answer > (SUSPICIOUS_SECONDS if owes else QUIET_SECONDS)

    async def _ping(self, booked: BookedEndpoint) -> None:
        assert self.book is not None
        try:
            async with self._slots:
                await ping(booked.pool)
        except UpstreamError as error:
            health = booked.health.failed(
                error.message,
                fatal=isinstance(error, EndpointUnreachable),
                silent=isinstance(error, AnswerTimeout),
            )
            self.book.set_health(booked, health)
            self.begin(booked)
        except CapacityError:
            return  # it has more than enough to answer
        else:
            booked.last_answer = asyncio.get_running_loop().time()
            self.book.set_health(booked, booked.health.answered())

    async def stop(self) -> None:
        """End every running verification."""
        tasks = tuple(self._verifying.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

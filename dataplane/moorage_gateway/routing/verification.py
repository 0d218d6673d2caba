"""Verifies endpoints when they appear or have failed, and pings the quiet ones."""

import asyncio
import logging
from collections.abc import Callable
from enum import Enum

from moorage_gateway.connecting.handshake import ping, shake_hands
from moorage_gateway.connecting.http_sse_handshake import shake_hands_over_http_sse
from moorage_gateway.connecting.stdio_handshake import ping_sidecar, shake_hands_over_stdio
from moorage_gateway.errors import (
    AnswerTimeout,
    CapacityError,
    EndpointUnreachable,
    GatewayError,
    UpstreamError,
)
from moorage_gateway.routing.endpoint_book import BookedEndpoint, EndpointBook
from moorage_gateway.routing.endpoint_state import EndpointState

_log = logging.getLogger(__name__)

ROUND_SECONDS = 0.5
QUIET_SECONDS = 10.0
"""An endpoint that has not answered for so long is pinged."""
SUSPICIOUS_SECONDS = 1.0
"""The same for one that owes an answer: with ping and round it is out within 3 s if it hangs."""
FIRST_HANDSHAKES_AT_ONCE = 256
REPEATED_HANDSHAKES_AT_ONCE = 256
"""Apart from the first ones: those that hang again and again keep no newcomer waiting."""


class Retry(Enum):
    """When the next handshake comes: seconds after the first failure, and at most."""

    SOON = (0.1, 0.6)
    """With the jitter under a second: so soon serves again what has come back."""
    LATER = (1.0, 30.0)
    """Where each handshake starts a process."""


class Verification:
    """One task per endpoint that is not ready, one round of pings for all others."""

    def __init__(self, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self._first_slots = asyncio.Semaphore(FIRST_HANDSHAKES_AT_ONCE)
        self._repeated_slots = asyncio.Semaphore(REPEATED_HANDSHAKES_AT_ONCE)
        self._pinging: dict[BookedEndpoint, asyncio.Task[None]] = {}
        """At most one ping per endpoint; a hung one delays no other's."""
        self._verifying: dict[BookedEndpoint, asyncio.Task[None]] = {}
        self._pausing: dict[BookedEndpoint, asyncio.Event] = {}
        """Those between two handshakes; set to go on at once."""
        self._left_to_others: set[BookedEndpoint] = set()
        self.book: EndpointBook | None = None

    def begin(self, booked: BookedEndpoint) -> None:
        """Verify an endpoint until it is ready or leaves the table."""
        self._left_to_others.discard(booked)
        ready_or_gone = booked.health.state in (EndpointState.READY, EndpointState.ABSENT)
        if booked in self._verifying or ready_or_gone:
            return
        task = asyncio.get_running_loop().create_task(self._verify(booked))
        self._verifying[booked] = task
        task.add_done_callback(lambda ended: self._verified(booked, ended))

    def leave_to_others(self, booked: BookedEndpoint) -> None:
        """Begin no other handshake with it; one that is under way may succeed."""
        if booked in self._verifying and booked.health.state is not EndpointState.DOWN:
            self._left_to_others.add(booked)
            if booked in self._pausing:
                self._pausing[booked].set()

    def _verified(self, booked: BookedEndpoint, ended: asyncio.Task[None]) -> None:
        del self._verifying[booked]
        is_down = booked.health.state is EndpointState.DOWN
        if not ended.cancelled() and (is_down or booked not in self._left_to_others):
            self.begin(booked)  # it may have gone down again since the task's last step
        self._left_to_others.discard(booked)

    async def _verify(self, booked: BookedEndpoint) -> None:
        delays_seconds = {retry: retry.value[0] for retry in Retry}
        slots = self._first_slots
        while self._is_to_try(booked):
            booked.is_shaking_hands = True
            try:
                retry = await self._shake_hands(booked, slots)
            finally:
                booked.is_shaking_hands = False
            if retry is None:
                return
            slots = self._repeated_slots
            await self._pause(booked, delays_seconds[retry] * (0.5 + self._jitter()))
            delays_seconds[retry] = min(2 * delays_seconds[retry], retry.value[1])

    def _is_to_try(self, booked: BookedEndpoint) -> bool:
        """Another replica's success may have come while ours failed."""
        in_need = booked.health.state in (EndpointState.VERIFYING, EndpointState.DOWN)
        return in_need and booked not in self._left_to_others

    async def _pause(self, booked: BookedEndpoint, seconds: float) -> None:
        over = self._pausing[booked] = asyncio.Event()
        try:
            async with asyncio.timeout(seconds):
                await over.wait()
        except TimeoutError:
            return
        finally:
            del self._pausing[booked]

    async def _shake_hands(self, booked: BookedEndpoint, slots: asyncio.Semaphore) -> Retry | None:
        """None when it is verified, or gone."""
        assert self.book is not None
        retry = Retry.SOON
        try:
            async with slots:
                if _starts_process(booked):
                    await ping_sidecar(booked.pool)
                    retry = Retry.LATER
                versions = await _versions_of(booked)
        except GatewayError as error:
            # Our own shortage says nothing of the endpoint: what was silent may answer later.
            silent = booked.health.silent and isinstance(error, AnswerTimeout | CapacityError)
            self.book.set_health(booked, booked.health.failed(error.message, silent=silent))
            return retry
        except Exception as error:
            # A defect of ours must not keep an endpoint out for ever.
            _log.exception("a handshake failed by a defect of the gateway")
            self.book.set_health(booked, booked.health.failed(f"{type(error).__name__} at us"))
            return retry
        if booked.health.state is EndpointState.ABSENT:
            return None
        booked.last_answer = asyncio.get_running_loop().time()
        self.book.set_health(booked, booked.health.verified(versions))
        return None

    async def ping_rounds(self) -> None:
        """Runs until cancelled."""
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            now = asyncio.get_running_loop().time()
            self._close_idle(now)
            for booked in self._ready():
                if booked not in self._pinging and self._is_due(booked, now):
                    self._begin_ping(booked)

    def _close_idle(self, now: float) -> None:
        assert self.book is not None
        for group in self.book.groups.values():
            for booked in group.endpoints.values():
                booked.pool.close_idle(now)

    def _begin_ping(self, booked: BookedEndpoint) -> None:
        task = asyncio.get_running_loop().create_task(self._ping(booked))
        self._pinging[booked] = task
        task.add_done_callback(lambda _: self._pinging.pop(booked))

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
            await (ping_sidecar if _is_stdio(booked) else ping)(booked.pool)
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
        """End every running verification and ping."""
        tasks = (*self._verifying.values(), *self._pinging.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _is_stdio(booked: BookedEndpoint) -> bool:
    return booked.group.rules.source == "Stdio"


def _starts_process(booked: BookedEndpoint) -> bool:
    """Whether its handshake does. At a desk a stdio server starts with its first session, and in a
    cluster the program of a pod that was verified is no other when the pod was out of reach."""
    in_cluster = booked.group.rules.discovery is not None
    return _is_stdio(booked) and in_cluster and not booked.health.versions


async def _versions_of(booked: BookedEndpoint) -> tuple[str, ...]:
    if _starts_process(booked):
        return await shake_hands_over_stdio(booked.pool)
    if _is_stdio(booked):
        await ping_sidecar(booked.pool)
        return booked.health.versions
    if booked.group.rules.transport == "HttpSse":
        return await shake_hands_over_http_sse(booked.pool)
    return await shake_hands(booked.pool)

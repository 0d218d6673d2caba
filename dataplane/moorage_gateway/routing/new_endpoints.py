"""Who verifies a new endpoint: one replica for all while an operator leads, else each by itself."""

import asyncio
from collections.abc import Callable, Mapping
from weakref import WeakSet

from moorage_contract.report_channel import EndpointGuidance
from moorage_gateway.routing.endpoint_book import BookedEndpoint, BookedGroup, EndpointBook
from moorage_gateway.routing.endpoint_state import EndpointState

VERDICT_SECONDS = 2.0
"""How long another replica's handshake is waited for."""


class NewEndpoints:
    """Endpoints of which nothing is known yet."""

    def __init__(self, verify: Callable[[BookedEndpoint], None]) -> None:
        """``verify`` begins a handshake of our own; it may be called more than once."""
        self._verify = verify
        self._waiting: dict[BookedEndpoint, asyncio.TimerHandle] = {}
        self._appointed: WeakSet[BookedEndpoint] = WeakSet()
        """Those that this replica shall verify as soon as they are ready."""
        self.guided = False
        """Whether an operator says who verifies, or may soon."""

    def appeared(self, booked: BookedEndpoint) -> None:
        """Verify it, or wait for others' word."""
        if not self.guided or booked in self._appointed:
            self._verify_now(booked)
        elif booked not in self._waiting:
            loop = asyncio.get_running_loop()
            self._waiting[booked] = loop.call_later(VERDICT_SECONDS, self._verify_now, booked)

    def take(
        self, book: EndpointBook, group: BookedGroup, guidance: Mapping[str, EndpointGuidance]
    ) -> None:
        """Do what guidance says of the endpoints that wait."""
        for uid, told in guidance.items():
            booked = group.endpoints.get(uid)
            if booked is None or booked.health.state is not EndpointState.VERIFYING:
                continue
            if told.verify and booked.endpoint.ready:
                self._verify_now(booked)
            elif told.verify:
                self._appointed.add(booked)
            elif told.verdict is not None:
                self._wait_no_more(booked)
                booked.last_answer = asyncio.get_running_loop().time()
                book.set_health(booked, booked.health.vouched_for(told.verdict.versions))

    def go_alone(self) -> None:
        """Nobody says anything any more."""
        self.guided = False
        for booked in tuple(self._waiting):
            self._verify_now(booked)

    def stop(self) -> None:
        """Wait for nothing any more."""
        for timer in self._waiting.values():
            timer.cancel()
        self._waiting.clear()

    def _verify_now(self, booked: BookedEndpoint) -> None:
        self._wait_no_more(booked)
        self._verify(booked)

    def _wait_no_more(self, booked: BookedEndpoint) -> None:
        self._appointed.discard(booked)
        timer = self._waiting.pop(booked, None)
        if timer is not None:
            timer.cancel()

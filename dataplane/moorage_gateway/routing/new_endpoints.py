"""Who verifies a new endpoint: one replica for all while an operator leads, else each by itself."""

import asyncio
from collections.abc import Mapping
from typing import Protocol
from weakref import WeakSet

from moorage_contract.report_channel import EndpointGuidance, Verdict
from moorage_gateway.routing.endpoint_book import BookedEndpoint, BookedGroup, EndpointBook
from moorage_gateway.routing.endpoint_state import EndpointState


class Verifier(Protocol):
    """Who shakes hands; both may be called more than once."""

    def begin(self, booked: BookedEndpoint) -> None: ...
    def leave_to_others(self, booked: BookedEndpoint) -> None: ...


class NewEndpoints:
    """Endpoints of which nothing good is known yet."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier
        self._waiting: WeakSet[BookedEndpoint] = WeakSet()
        """Those of which a leader is to say who verifies them, and what came of it."""
        self._appointed: WeakSet[BookedEndpoint] = WeakSet()
        """Those that this replica shall verify as soon as they are ready."""
        self.is_led = False
        """Whether a leader says who verifies. It sees to it that somebody does within bounded
        time, so there is no time after which a replica tries by itself."""

    def appeared(self, booked: BookedEndpoint) -> None:
        """Verify it, or wait for others' word."""
        if not self.is_led or booked in self._appointed:
            self._verifier.begin(booked)
        else:
            self._waiting.add(booked)

    def take(
        self, book: EndpointBook, group: BookedGroup, guidance: Mapping[str, EndpointGuidance]
    ) -> None:
        """Do what guidance says of the endpoints that are not verified."""
        for uid, told in guidance.items():
            booked = group.endpoints.get(uid)
            if booked is None or booked.health.state is not EndpointState.VERIFYING:
                continue
            if told.verify:
                self._appointed.add(booked)
                self._verify(booked)
            else:
                self._appointed.discard(booked)
                self._verifier.leave_to_others(booked)
                self._waiting.add(booked)
            if told.verdict is not None and _is_of_its_place(told.verdict, booked):
                self._waiting.discard(booked)
                booked.last_answer = asyncio.get_running_loop().time()
                book.set_health(booked, booked.health.vouched_for(told.verdict.versions))

    def go_alone(self) -> None:
        """Nobody says anything any more."""
        self.is_led = False
        self._appointed.clear()
        for booked in tuple(self._waiting):
            self._verify(booked)

    def _verify(self, booked: BookedEndpoint) -> None:
        """One that is not ready yet appears anew when it is."""
        self._waiting.discard(booked)
        if booked.endpoint.ready and booked.health.state is EndpointState.VERIFYING:
            self._verifier.begin(booked)


def _is_of_its_place(verdict: Verdict, booked: BookedEndpoint) -> bool:
    """A word that was on its way while the endpoint moved is of the former place."""
    return verdict.spoken_to in ("", booked.spoken_to)

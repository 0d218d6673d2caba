"""Where a request goes that is bound to no endpoint, and where a session begins."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from moorage_gateway.errors import EndpointUnreachable
from moorage_gateway.routing.endpoint_book import BookedEndpoint, BookedGroup
from moorage_gateway.routing.endpoint_state import EndpointState
from moorage_gateway.routing.picker import awaits_slot, pick_for_request, pick_for_session

PLACES_TO_TRY = 3
"""Endpoints that a request may try while nothing of it was sent to any."""
FIRST_HANDSHAKE_SECONDS = 1.0
"""How long a request waits for a group that has just appeared; mostly it is milliseconds."""
SLOT_SECONDS = 2.0
"""How long a new session waits for a slot; a leader shifts slots in a few round trips."""


class SessionPlace:
    """A place at an endpoint, kept for a session that is about to begin there."""

    def __init__(self, booked: BookedEndpoint) -> None:
        self.booked = booked
        self._kept = True
        booked.group.session_opened(booked.uid)
        if booked.group.slots is not None:
            booked.group.slots.keep(booked.uid)

    def give_back(self) -> None:
        """The ledger counts the session itself from now on, or it did not begin."""
        if self._kept:
            self._kept = False
            self.booked.group.session_closed(self.booked.uid)
            if self.booked.group.slots is not None:
                self.booked.group.slots.give_back(self.booked.uid)


async def place_of_request(group: BookedGroup, key: bytes | None) -> BookedEndpoint:
    """The picker's endpoint; raises what the picker raises."""
    await _first_handshake(group)
    return pick_for_request(group, key)


async def begin_somewhere(
    group: BookedGroup, key: bytes | None, begin: Callable[[SessionPlace], Awaitable[None]]
) -> None:
    """Begin a session where there is room; raises what ``begin`` and the picker raise.

    ``begin`` gives the place back once the session is counted; what is left is given back here.
    """
    await _first_handshake(group)
    await _slot(group)
    for attempt in range(PLACES_TO_TRY):
        # The place is taken before the answer comes, else a burst would overfill one endpoint.
        place = SessionPlace(pick_for_session(group, key))
        try:
            await begin(place)
        except EndpointUnreachable:
            if attempt + 1 == PLACES_TO_TRY:
                raise
        else:
            return
        finally:
            place.give_back()


async def _first_handshake(group: BookedGroup) -> None:
    """Wait while nothing is known yet of any endpoint: a new route serves from its first moment."""
    if len(group.requests) or not _is_new(group):
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(FIRST_HANDSHAKE_SECONDS):
            while not len(group.requests) and _is_new(group):
                await group.changed.wait()


async def _slot(group: BookedGroup) -> None:
    """Wait while other replicas hold what is free: who keeps clients waiting gets slots first."""
    slots = group.slots
    if slots is None:
        return
    slots.arrivals += 1
    if not awaits_slot(group):
        return
    slots.hold()
    try:
        async with asyncio.timeout(SLOT_SECONDS):
            while awaits_slot(group):
                await group.changed.wait()
    except TimeoutError:
        return  # the picker refuses it
    finally:
        slots.held -= 1


def _is_new(group: BookedGroup) -> bool:
    return any(
        booked.endpoint.ready
        and booked.health.state is EndpointState.VERIFYING
        and not booked.health.failures
        for booked in group.endpoints.values()
    )

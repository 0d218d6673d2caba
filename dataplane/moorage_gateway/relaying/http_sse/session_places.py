"""Where a new session goes: the picker's endpoint, or the next one while nothing was sent."""

from collections.abc import Awaitable, Callable

from moorage_gateway.errors import EndpointUnreachable
from moorage_gateway.relaying.message_story import PLACES_TO_TRY
from moorage_gateway.routing.endpoint_book import BookedEndpoint, BookedGroup
from moorage_gateway.routing.picker import pick_for_session


class SessionPlace:
    """A place at an endpoint, kept for a session that is about to begin there."""

    def __init__(self, booked: BookedEndpoint) -> None:
        self.booked = booked
        self._kept = True
        booked.group.session_opened(booked.uid)

    def give_back(self) -> None:
        """The ledger counts the session itself from now on, or it did not begin."""
        if self._kept:
            self._kept = False
            self.booked.group.session_closed(self.booked.uid)


async def begin_somewhere(
    group: BookedGroup, key: bytes | None, begin: Callable[[SessionPlace], Awaitable[None]]
) -> None:
    """Begin a session where there is room; raises what ``begin`` and the picker raise.

    ``begin`` gives the place back once the session is counted; what is left is given back here.
    """
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

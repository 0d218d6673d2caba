"""Where a new session goes: the picker's endpoint, or the next one while nothing was sent."""

from collections.abc import Awaitable, Callable

from moorage_gateway.errors import EndpointUnreachable
from moorage_gateway.relaying.message_story import PLACES_TO_TRY
from moorage_gateway.routing.endpoint_book import BookedEndpoint, BookedGroup
from moorage_gateway.routing.picker import pick_for_session


async def begin_somewhere(
    group: BookedGroup, key: bytes | None, begin: Callable[[BookedEndpoint], Awaitable[None]]
) -> None:
    """Begin a session where there is room; raises what ``begin`` and the picker raise."""
    for attempt in range(PLACES_TO_TRY):
        booked = pick_for_session(group, key)
        # The slot is taken before the answer comes, else a burst would overfill one endpoint.
        group.session_opened(booked.uid)
        try:
            await begin(booked)
        except EndpointUnreachable:
            if attempt + 1 == PLACES_TO_TRY:
                raise
        else:
            return
        finally:
            group.session_closed(booked.uid)

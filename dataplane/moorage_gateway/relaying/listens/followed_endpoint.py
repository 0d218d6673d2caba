"""Keeps one listen open to one endpoint for as long as somebody listens."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from moorage_gateway.errors import GatewayError
from moorage_gateway.relaying.listens.endpoint_listen import EndpointListen, Refusal
from moorage_gateway.routing.endpoint_book import BookedEndpoint

FIRST_REOPEN_SECONDS = 0.1
LAST_REOPEN_SECONDS = 5.0
REFUSED_SECONDS = 30.0
"""A server that refused is asked again after so long: it may have been updated, or full."""


class FollowedEndpoint:
    """Opens the listen, and opens it anew when it ends, ever more slowly if it ends soon."""

    def __init__(
        self,
        booked: BookedEndpoint,
        request: Callable[[BookedEndpoint], bytes],
        new_listen: Callable[[BookedEndpoint], EndpointListen],
        ended: Callable[[EndpointListen], None],
    ) -> None:
        """``request`` is made for each opening: the group's key may have been exchanged."""
        self._request = request
        self._new_listen = new_listen
        self._ended = ended
        self.listen = new_listen(booked)
        """The present one, or the last one while a next one is due."""
        self._task = asyncio.get_running_loop().create_task(self._follow(booked))

    def leave(self) -> None:
        """Nobody listens here any more: the endpoint shall notice at once."""
        self._task.cancel()

    async def _follow(self, booked: BookedEndpoint) -> None:
        delay_seconds = FIRST_REOPEN_SECONDS
        while True:
            lasted_seconds = await self._listen_once()
            self._ended(self.listen)
            if isinstance(self.listen.refusal, Refusal):
                await asyncio.sleep(REFUSED_SECONDS)
            else:
                if lasted_seconds > LAST_REOPEN_SECONDS:
                    delay_seconds = FIRST_REOPEN_SECONDS
                await asyncio.sleep(delay_seconds)
                delay_seconds = min(2 * delay_seconds, LAST_REOPEN_SECONDS)
            self.listen = self._new_listen(booked)

    async def _listen_once(self) -> float:
        loop = asyncio.get_running_loop()
        begun_at = loop.time()
        # Without a connection it is tried again like one that broke; pings tell the health.
        with suppress(GatewayError):
            await self.listen.run(self._request(self.listen.booked))
        return loop.time() - begun_at

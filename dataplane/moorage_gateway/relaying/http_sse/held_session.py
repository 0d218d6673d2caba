"""The streamable HTTP session that is led for an HTTP+SSE client, once it is initialized."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from moorage_gateway.connecting.control_request import ask
from moorage_gateway.connecting.handshake import HANDSHAKE_SECONDS
from moorage_gateway.errors import EndpointUnreachable, GatewayError, UpstreamError
from moorage_gateway.relaying.http_sse.held_call import HeldCall
from moorage_gateway.relaying.http_sse.held_listening import listen
from moorage_gateway.relaying.http_sse.stream_feed import StreamFeed
from moorage_gateway.relaying.http_sse.stream_refusals import refused_by_endpoint, session_lost
from moorage_gateway.relaying.http_sse.upstream_session import UpstreamSession
from moorage_gateway.relaying.places import PLACES_TO_TRY
from moorage_gateway.relaying.runtime import Runtime
from moorage_gateway.routing.endpoint_book import BookedGroup
from moorage_gateway.routing.picker import pick_for_request
from moorage_wire.jsonrpc import Message


@dataclass(frozen=True)
class Opening:
    """What the GET that opened a client's stream said."""

    route: str
    group: BookedGroup
    principal_tag: bytes
    affinity_key: bytes | None
    lines: bytes
    """The client's own header lines, for what the gateway asks on its own account."""


class HeldSession:
    """``on_lost`` is called when its endpoint does not know it any more."""

    def __init__(
        self,
        runtime: Runtime,
        feed: StreamFeed,
        opening: Opening,
        session: UpstreamSession,
        on_lost: Callable[[], None],
    ) -> None:
        self._runtime = runtime
        self._feed = feed
        self._opening = opening
        self._session = session
        self._on_lost = on_lost
        self._bound = session.session_id is not None
        self._listening: asyncio.Task[None] | None = None
        self._closed = False

    async def call(self, message: Message, lines: bytes, sent: Callable[[], None]) -> None:
        """Ask the endpoint; its answer goes to the client's stream. Raises GatewayError."""
        silence_seconds = self._opening.group.rules.answer_seconds
        for attempt in range(PLACES_TO_TRY):
            call = HeldCall(self._feed, self._place(), message)
            try:
                await call.ask(lines, silence_seconds, sent)
            except EndpointUnreachable as error:
                if self._bound or attempt + 1 == PLACES_TO_TRY:
                    raise self._failure(error) from error
            else:
                break
        if call.session_lost:
            self._on_lost()

    async def tell(self, message: Message, lines: bytes) -> None:
        """Post a notification or a response. Raises GatewayError, though no client waits."""
        place = self._place()
        exchange = self._feed.exchange(place.booked, lambda _, data: self._feed.put(data))
        request = place.post(lines, message.encode())
        try:
            await self._feed.run(exchange, request, self._opening.group.rules.answer_seconds)
        except EndpointUnreachable as error:
            raise self._failure(error) from error
        if exchange.status == 404 and self._bound:
            raise session_lost()
        if exchange.refused:
            raise refused_by_endpoint(exchange.status)
        if message.method == "notifications/initialized":
            self._listen()

    def _listen(self) -> None:
        # The client may have gone while its notification was on the way: nobody would end it.
        if self._listening is not None or self._closed:
            return
        story = listen(self._feed, self._session, self._opening.lines, self._on_lost)
        self._listening = asyncio.get_running_loop().create_task(story)

    def _place(self) -> UpstreamSession:
        """Where to ask; a server without session ids keeps no state, so any endpoint will do."""
        if not self._bound:
            booked = pick_for_request(self._opening.group, self._opening.affinity_key)
            return replace(self._session, booked=booked)
        if not self._session.at_home:
            raise session_lost()
        return self._session

    def _failure(self, error: EndpointUnreachable) -> UpstreamError:
        """Where nobody listens any more, the session's state is gone with its process."""
        gone = self._bound and error.reason == "ConnectRefused"
        return session_lost() if gone else error

    def stop_listening(self) -> None:
        """The client is gone."""
        self._closed = True
        if self._listening is not None:
            self._listening.cancel()

    async def say_farewell(self) -> None:
        """DELETE the session at its endpoint."""
        if not self._bound or not self._session.at_home:
            return
        with suppress(GatewayError):  # it will drop its idle session by itself
            request = self._session.delete(self._opening.lines)
            await ask(self._session.booked.pool, request, HANDSHAKE_SECONDS)

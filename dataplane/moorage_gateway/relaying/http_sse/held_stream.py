"""One HTTP+SSE client of streamable HTTP endpoints: its stream, and the session led for it.

What the client posts is posted on; every message of the answers goes onto the client's stream,
in the order in which the endpoint said it. When the stream ends, the session ends.
"""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace

from moorage_gateway.connecting.control_request import ask
from moorage_gateway.connecting.handshake import HANDSHAKE_SECONDS, negotiated
from moorage_gateway.errors import EndpointUnreachable, GatewayError
from moorage_gateway.refusals import body_of
from moorage_gateway.relaying.http_sse.held_call import HeldCall
from moorage_gateway.relaying.http_sse.held_listening import listen
from moorage_gateway.relaying.http_sse.message_exchange import MessageExchange
from moorage_gateway.relaying.http_sse.stream_feed import StreamFeed
from moorage_gateway.relaying.http_sse.stream_refusals import (
    already_initialized,
    not_initialized,
    refused_by_endpoint,
    session_lost,
    too_many_calls,
)
from moorage_gateway.relaying.http_sse.upstream_session import UpstreamSession
from moorage_gateway.relaying.message_story import PLACES_TO_TRY
from moorage_gateway.relaying.runtime import Runtime
from moorage_gateway.routing.endpoint_book import BookedEndpoint, BookedGroup
from moorage_gateway.routing.moorings import session_tag, unknown_session
from moorage_gateway.routing.picker import pick_for_request, pick_for_session
from moorage_wire.jsonrpc import Message, MessageKind

MAX_CALLS = 256
"""Requests of one client that may wait for their answers."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opening:
    """What the GET that opened a stream said."""

    route: str
    group: BookedGroup
    principal_tag: bytes
    affinity_key: bytes | None
    lines: bytes
    """The client's own header lines, for what the gateway asks on its own account."""


class HeldStream:
    """Lives as long as the client's GET."""

    def __init__(self, runtime: Runtime, stream_id: str, opening: Opening) -> None:
        self._runtime = runtime
        self._feed = StreamFeed(runtime)
        self._session: UpstreamSession | None = None
        self._tag: bytes | None = None
        self._calls: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Task[None] | None = None
        self._initializing = False
        self._over = False
        self.id = stream_id
        self.opening = opening
        self.opened_at = runtime.loop_seconds()
        self.outbox = self._feed.outbox

    @property
    def idle(self) -> bool:
        """Whether no request waits for its answer."""
        return not self._calls

    async def deliver(self, message: Message, lines: bytes) -> None:
        """Take one message; the client may be told 202. Raises SessionNotFound.

        All that fails from here on is told on the stream: official clients take any other status
        than 2xx for the end of everything.
        """
        if self._over:
            raise unknown_session()
        if message.kind is MessageKind.REQUEST:
            await self._begin(message, lines)
        elif self._session is not None:
            await self._tell(self._session, message, lines)
        else:
            self._runtime.cells.refused(not_initialized().reason)

    async def _begin(self, message: Message, lines: bytes) -> None:
        """Returns when the request is on its way, so that what follows it comes after it."""
        if len(self._calls) >= MAX_CALLS:
            self._refuse(message, too_many_calls(MAX_CALLS))
            return
        sent = asyncio.Event()
        task = asyncio.get_running_loop().create_task(self._answer(message, lines, sent))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
        task.add_done_callback(lambda _: sent.set())
        await sent.wait()

    async def _answer(self, message: Message, lines: bytes, sent: asyncio.Event) -> None:
        try:
            if message.method == "initialize":
                await self._initialize(message, lines, sent)
            elif self._session is None:
                raise not_initialized()
            else:
                await self._call(self._session, message, lines, sent)
        except GatewayError as error:
            self._refuse(message, error)
            self._end_if_lost(error)
        except Exception:
            _log.exception("a call of an HTTP+SSE client failed inside the gateway")
            self._refuse(message, GatewayError("the gateway failed; this is a defect of it"))

    # a session begins

    async def _initialize(self, message: Message, lines: bytes, sent: asyncio.Event) -> None:
        if self._initializing or self._session is not None:
            raise already_initialized()
        self._initializing = True
        try:
            await self._initialize_somewhere(message, lines, sent)
        finally:
            self._initializing = False

    async def _initialize_somewhere(
        self, message: Message, lines: bytes, sent: asyncio.Event
    ) -> None:
        self._runtime.ledger.require_room()
        group = self.opening.group
        for attempt in range(PLACES_TO_TRY):
            booked = pick_for_session(group, self.opening.affinity_key)
            # The slot is taken before the answer comes, else a burst would overfill an endpoint.
            group.session_opened(booked.uid)
            try:
                await self._initialize_at(booked, message, lines, sent)
            except EndpointUnreachable:
                if attempt + 1 == PLACES_TO_TRY:
                    raise
            else:
                return
            finally:
                group.session_closed(booked.uid)

    async def _initialize_at(
        self, booked: BookedEndpoint, message: Message, lines: bytes, sent: asyncio.Event
    ) -> None:
        def begun(exchange: MessageExchange, response: Message) -> None:
            version = negotiated(response.encode())
            if version is not None:
                self._live(UpstreamSession(booked, exchange.session_id, version))

        unbound = UpstreamSession(booked, session_id=None, protocol_version=None)
        call = HeldCall(self._feed, unbound, message, begun)
        await call.ask(lines, booked.group.rules.answer_seconds, sent.set)

    def _live(self, session: UpstreamSession) -> None:
        runtime, uid = self._runtime, session.booked.uid
        self._session = session
        self._tag = session_tag(uid, session.session_id or self.id)
        runtime.ledger.touch(self._tag, self.opening.group, uid, runtime.loop_seconds())
        runtime.ledger.stream_opened(self._tag)

    # a session lives

    async def _call(
        self, session: UpstreamSession, message: Message, lines: bytes, sent: asyncio.Event
    ) -> None:
        bound = session.session_id is not None
        if bound and not session.at_home:
            raise session_lost()
        silence_seconds = self.opening.group.rules.answer_seconds
        for attempt in range(PLACES_TO_TRY):
            place = session if bound else self._any_place(session)
            call = HeldCall(self._feed, place, message)
            try:
                await call.ask(lines, silence_seconds, sent.set)
            except EndpointUnreachable:
                if bound or attempt + 1 == PLACES_TO_TRY:
                    raise
            else:
                break
        if call.session_lost:
            self.end()

    def _any_place(self, session: UpstreamSession) -> UpstreamSession:
        """A server without session ids keeps no state: any endpoint will do."""
        booked = pick_for_request(self.opening.group, self.opening.affinity_key)
        return replace(session, booked=booked)

    async def _tell(self, session: UpstreamSession, message: Message, lines: bytes) -> None:
        """Post a notification or a response; nobody waits for an answer."""
        place = session if session.session_id is not None else self._any_place(session)
        exchange = self._feed.exchange(place.booked, lambda _, data: self._feed.put(data))
        try:
            if not place.at_home:
                raise session_lost()
            silence_seconds = self.opening.group.rules.answer_seconds
            await self._feed.run(exchange, place.post(lines, message.encode()), silence_seconds)
        except GatewayError as error:
            self._runtime.cells.refused(error.reason)
            self._end_if_lost(error)
            return
        if exchange.status == 404 and session.session_id is not None:
            self.end()
        elif exchange.refused:
            self._runtime.cells.refused(refused_by_endpoint(exchange.status).reason)
        elif message.method == "notifications/initialized" and self._listening is None:
            self._listen(session)

    def _listen(self, session: UpstreamSession) -> None:
        story = listen(self._feed, session, self.opening.lines, self.end)
        self._listening = asyncio.get_running_loop().create_task(story)

    def _refuse(self, message: Message, error: GatewayError) -> None:
        self._runtime.cells.refused(error.reason)
        self._feed.put(body_of(error, message.id))

    # how it ends

    def _end_if_lost(self, error: GatewayError) -> None:
        bound = self._session is not None and self._session.session_id is not None
        if bound and error.reason in ("ConnectRefused", "EndpointGone"):
            self.end()

    def end(self) -> None:
        """The session is over: the client gets what waits for it, then its stream ends."""
        self._over = True
        self.outbox.close()

    def close(self) -> Coroutine[None, None, None]:
        """The client's stream has ended. What is returned tells the endpoint so."""
        self.end()
        for task in (*self._calls, self._listening):
            if task is not None:
                task.cancel()
        if self._tag is not None:
            self._runtime.ledger.stream_closed(self._tag, self._runtime.loop_seconds())
            self._runtime.ledger.forget(self._tag)
        return self._farewell()

    async def _farewell(self) -> None:
        session = self._session
        if session is None or session.session_id is None or not session.at_home:
            return
        with suppress(GatewayError):  # it will drop its idle session by itself
            request = session.delete(self.opening.lines)
            await ask(session.booked.pool, request, HANDSHAKE_SECONDS)

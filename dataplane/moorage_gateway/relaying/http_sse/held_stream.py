"""One HTTP+SSE client of streamable HTTP endpoints: its stream, and the session led for it.

What the client posts is posted on; every message of the answers goes onto the client's stream,
in the order in which the endpoint said it. When the stream ends, the session ends.
"""

import asyncio
import logging

from moorage_gateway.connecting.handshake import negotiated
from moorage_gateway.errors import EndpointGone, GatewayError
from moorage_gateway.refusals import body_of
from moorage_gateway.relaying.http_sse.held_call import HeldCall
from moorage_gateway.relaying.http_sse.held_session import HeldSession, Opening
from moorage_gateway.relaying.http_sse.message_exchange import MessageExchange
from moorage_gateway.relaying.http_sse.stream_feed import StreamFeed
from moorage_gateway.relaying.http_sse.stream_refusals import (
    already_initialized,
    not_initialized,
    too_many_calls,
)
from moorage_gateway.relaying.http_sse.upstream_session import UpstreamSession
from moorage_gateway.relaying.places import SessionPlace, begin_somewhere
from moorage_gateway.relaying.runtime import Runtime
from moorage_gateway.routing.moorings import session_tag, unknown_session
from moorage_gateway.routing.session_ledger import LiveSession
from moorage_wire.jsonrpc import Message, MessageKind

MAX_CALLS = 256
"""Requests of one client that may wait for their answers."""

_log = logging.getLogger(__name__)


class HeldStream:
    """Lives as long as the client's GET."""

    def __init__(self, runtime: Runtime, stream_id: str, opening: Opening) -> None:
        self._runtime = runtime
        self._feed = StreamFeed(runtime)
        self._session: HeldSession | None = None
        self._tag: bytes | None = None
        self._counted: LiveSession | None = None
        self._calls: dict[asyncio.Task[None], Message] = {}
        self._initializing = False
        self._finishing = False
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
        else:
            await self._tell(message, lines)

    async def _tell(self, message: Message, lines: bytes) -> None:
        try:
            await self._live_session().tell(message, lines)
        except GatewayError as error:
            self._runtime.cells.refused(error.reason)
            self._end_if_lost(error)

    async def _begin(self, message: Message, lines: bytes) -> None:
        """Returns when the request is on its way, so that what follows it comes after it."""
        if len(self._calls) >= MAX_CALLS:
            self._refuse(message, too_many_calls(MAX_CALLS))
            return
        sent = asyncio.Event()
        task = asyncio.get_running_loop().create_task(self._answer(message, lines, sent))
        self._calls[task] = message
        task.add_done_callback(self._call_over)
        task.add_done_callback(lambda _: sent.set())
        await sent.wait()

    def _call_over(self, task: asyncio.Task[None]) -> None:
        self._calls.pop(task, None)
        if self._finishing and self.idle:
            self.end()

    async def _answer(self, message: Message, lines: bytes, sent: asyncio.Event) -> None:
        try:
            if message.method == "initialize":
                await self._initialize(message, lines, sent)
            else:
                await self._live_session().call(message, lines, sent.set)
        except GatewayError as error:
            self._refuse(message, error)
            self._end_if_lost(error)
        except Exception:
            _log.exception("a call of an HTTP+SSE client failed inside the gateway")
            self._refuse(message, GatewayError("the gateway failed; this is a defect of it"))

    def _live_session(self) -> HeldSession:
        if self._session is None:
            raise not_initialized()
        return self._session

    def _refuse(self, message: Message, error: GatewayError) -> None:
        self._runtime.cells.refused(error.reason)
        self._feed.put(body_of(error, message.id))

    # a session begins

    async def _initialize(self, message: Message, lines: bytes, sent: asyncio.Event) -> None:
        if self._initializing or self._session is not None:
            raise already_initialized()

        async def begin(place: SessionPlace) -> None:
            booked = place.booked

            def begun(exchange: MessageExchange, response: Message) -> None:
                version = negotiated(response.encode())
                if version is not None:
                    self._live(UpstreamSession(booked, exchange.session_id, version))
                    place.give_back()

            unbound = UpstreamSession(booked, session_id=None, protocol_version=None)
            call = HeldCall(self._feed, unbound, message, begun)
            await call.ask(lines, booked.group.rules.answer_seconds, sent.set)

        self._runtime.ledger.require_room()
        self._initializing = True
        try:
            await begin_somewhere(self.opening.group, self.opening.affinity_key, begin)
        finally:
            self._initializing = False

    def _live(self, session: UpstreamSession) -> None:
        runtime, uid = self._runtime, session.booked.uid
        self._session = HeldSession(runtime, self._feed, self.opening, session, self.end)
        self._tag = session_tag(uid, session.session_id or self.id)
        runtime.ledger.open(self._tag, self.opening.group, uid, runtime.loop_seconds())
        self._counted = runtime.ledger.stream_opened(self._tag)

    # how it ends

    def _end_if_lost(self, error: GatewayError) -> None:
        if isinstance(error, EndpointGone):
            self.end()

    def finish(self) -> None:
        """End it with the last call that runs, or now."""
        self._finishing = True
        if self.idle:
            self.end()

    def end(self) -> None:
        """The session is over: the client gets what waits for it, then its stream ends."""
        self._over = True
        self.outbox.close()

    def break_off(self, failure: GatewayError) -> None:
        """End it now; whoever waits for an answer gets ``failure``."""
        for message in self._calls.values():
            self._refuse(message, failure)
        self.end()

    async def close(self) -> None:
        """The client's stream has ended: stop what runs for it, and tell the endpoint."""
        self.end()
        await self._cancel_calls()
        if self._tag is not None:
            self._runtime.ledger.stream_closed(self._counted, self._runtime.loop_seconds())
            self._runtime.ledger.forget(self._tag)
        if self._session is not None:
            self._session.stop_listening()
            await self._session.say_farewell()

    async def _cancel_calls(self) -> None:
        # Until it has ended, an `initialize` may still begin the session that must be ended.
        calls = tuple(self._calls)
        for task in calls:
            task.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

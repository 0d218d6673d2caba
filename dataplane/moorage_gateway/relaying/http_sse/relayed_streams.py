"""HTTP+SSE clients of HTTP+SSE endpoints: bytes pass, only the message URI is exchanged.

The capsule in a client's message URI holds the endpoint's own one, so that any replica can post
to the endpoint itself; only the stream lives in one replica.
"""

import asyncio
from typing import cast

from moorage_gateway.access.principal import Principal
from moorage_gateway.connecting.handshake import HANDSHAKE_SECONDS
from moorage_gateway.errors import AnswerTimeout, EndpointUnreachable, OutcomeUnknown
from moorage_gateway.relaying.answer_relay import AnswerRelay
from moorage_gateway.relaying.call import Call
from moorage_gateway.relaying.http_sse.answering import KEEP_ALIVE, KEEP_ALIVE_SECONDS
from moorage_gateway.relaying.http_sse.endpoint_passage import EndpointPassage
from moorage_gateway.relaying.http_sse.wire_forms import message_uri
from moorage_gateway.relaying.passages.legacy import LegacyPassage
from moorage_gateway.relaying.places import SessionPlace, begin_somewhere
from moorage_gateway.relaying.runtime import Runtime
from moorage_gateway.relaying.sessions import gone
from moorage_gateway.routing.moorings import session_tag
from moorage_gateway.routing.session_ledger import LiveSession
from moorage_wire.capsules import CapsuleKind, StreamContent, seal_content


class RelayedStreams:
    """Tells GETs and POSTs of such clients."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def get(self, call: Call, principal: Principal, key: bytes | None) -> None:
        """Relay a fresh session's stream until one side ends it."""
        self._runtime.ledger.require_room()
        assert call.group is not None

        async def begin(place: SessionPlace) -> None:
            try:
                await RelayedStream(self._runtime, call, place, principal).relay()
            except OutcomeUnknown as error:
                # Nothing can have run: a session begins with its stream.
                raise EndpointUnreachable(error.message) from error

        await begin_somewhere(call.group, key, begin)

    async def post(self, call: Call, content: StreamContent, body: bytes) -> None:
        """Relay a message to the endpoint that holds the session, and its 202."""
        assert call.group is not None
        runtime, uid = self._runtime, content.endpoint_uid
        booked = call.group.endpoints.get(uid)
        if booked is None:
            raise gone(call)
        tag = session_tag(uid, content.stream_id)
        runtime.ledger.touch(tag, call.group, uid, runtime.loop_seconds())
        request = booked.pool.post_at(content.stream_id, call.head.forward, body)
        passage = LegacyPassage(runtime.limits, lambda event_id: event_id, b"")
        silence_seconds = booked.group.rules.answer_seconds
        try:
            await runtime.exchanges.run(call, booked, request, passage, silence_seconds)
        except EndpointUnreachable as error:
            if error.reason != "ConnectRefused":
                raise
            runtime.ledger.forget(tag)
            raise gone(call) from error
        if call.status == 404:
            runtime.ledger.forget(tag)


class RelayedStream:
    """One stream, from its GET to its end."""

    def __init__(
        self, runtime: Runtime, call: Call, place: SessionPlace, principal: Principal
    ) -> None:
        self._runtime = runtime
        self._call = call
        self._place = place
        self._booked = place.booked
        self._principal = principal
        self._tag: bytes | None = None
        self._counted: LiveSession | None = None
        self._ends_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def relay(self) -> None:
        """Raises UpstreamError while the client has got nothing."""
        runtime, call, booked = self._runtime, self._call, self._booked
        passage = EndpointPassage(runtime.limits, booked.endpoint.url, self._opened)
        request = booked.pool.bodiless(b"GET", call.head.forward, b"")
        try:
            await runtime.exchanges.run(call, booked, request, passage, HANDSHAKE_SECONDS)
        except AnswerTimeout as error:
            raise AnswerTimeout(
                f"the endpoint sent no endpoint event within {HANDSHAKE_SECONDS:g} s",
                remedy="check that the server speaks HTTP+SSE (2024-11-05)",
            ) from error
        finally:
            self._closed()

    def _opened(self, target: str) -> bytes:
        runtime, booked, route = self._runtime, self._booked, self._call.route
        assert route is not None
        relay = cast(AnswerRelay, self._call.client.feeder)
        relay.wait_for_ever()
        now = runtime.loop_seconds()
        self._tag = session_tag(booked.uid, target)
        runtime.ledger.open(self._tag, booked.group, booked.uid, now)
        self._counted = runtime.ledger.stream_opened(self._tag)
        self._place.give_back()
        self._ends_at = now + booked.group.rules.sessions.max_seconds
        self._tick_later(relay)
        content = StreamContent("", target, booked.uid, self._principal.tag)
        capsule = seal_content(runtime.sealer, CapsuleKind.STREAM, route.path, content)
        self._call.stream_capsule = capsule
        return message_uri(route.path, capsule)

    def _tick_later(self, relay: AnswerRelay) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(KEEP_ALIVE_SECONDS, self._tick, relay)

    def _tick(self, relay: AnswerRelay) -> None:
        if self._runtime.loop_seconds() < self._ends_at or not relay.close_stream(b""):
            relay.keep_alive(KEEP_ALIVE)
            self._tick_later(relay)

    def _closed(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._tag is None:
            return
        self._runtime.ledger.stream_closed(self._counted, self._runtime.loop_seconds())
        self._runtime.ledger.forget(self._tag)

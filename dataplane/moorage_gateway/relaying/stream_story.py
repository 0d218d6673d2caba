"""The stream story: a legacy session's GET stream and its DELETE."""

from moorage_gateway.access.principal import Principal
from moorage_gateway.errors import CapacityError, EndpointUnreachable, MalformedRequest
from moorage_gateway.relaying.call import Call
from moorage_gateway.relaying.passages.legacy import LegacyPassage
from moorage_gateway.relaying.runtime import Runtime
from moorage_gateway.relaying.sessions import EventIds, board, client_line, gone, upstream_line
from moorage_gateway.routing.endpoint_book import BookedEndpoint
from moorage_gateway.routing.moorings import Mooring


class StreamStory:
    """Tells GETs and DELETEs that carry a session id."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.open_streams = 0

    async def get(self, call: Call, principal: Principal) -> None:
        """Relay the session's stream until one side ends it."""
        runtime = self._runtime
        _require_session(call)
        mooring, booked = board(runtime, call, principal)
        if self.open_streams >= runtime.limits.streams:
            raise CapacityError(
                f"this gateway already relays {runtime.limits.streams} streams",
                reason="TooManyStreams",
                remedy="close streams that are not needed, or add gateway replicas",
                retry_after_seconds=5,
            )
        assert call.route is not None
        events = EventIds(runtime, call.route.path, booked.endpoint.uid, mooring.session_tag)
        lines = upstream_line(mooring)
        if call.head.last_event_id is not None:
            event_id = events.open(call.head.last_event_id)
            # An id that is not this session's resumes nothing: the stream begins afresh.
            if event_id is not None:
                lines += b"last-event-id: %b\r\n" % event_id
        request = booked.pool.bodiless(b"GET", call.head.forward, lines)
        passage = LegacyPassage(runtime.limits, events.seal, client_line(mooring))
        self.open_streams += 1
        live = runtime.ledger.stream_opened(mooring.session_tag)
        runtime.cells.stream_opened(call.route.path, "get")
        try:
            await self._run(call, mooring, booked, request, passage, silence_seconds=0)
        finally:
            self.open_streams -= 1
            runtime.ledger.stream_closed(live, runtime.loop_seconds())
            runtime.cells.stream_closed(call.route.path, "get")

    async def delete(self, call: Call, principal: Principal) -> None:
        """Relay the end of a session."""
        runtime = self._runtime
        _require_session(call)
        mooring, booked = board(runtime, call, principal)
        request = booked.pool.bodiless(b"DELETE", call.head.forward, upstream_line(mooring))
        passage = LegacyPassage(runtime.limits, lambda event_id: event_id, client_line(mooring))
        silence_seconds = booked.group.rules.answer_seconds
        await self._run(call, mooring, booked, request, passage, silence_seconds)
        if call.status < 300:
            runtime.ledger.forget(mooring.session_tag)

    async def _run(
        self,
        call: Call,
        mooring: Mooring,
        booked: BookedEndpoint,
        request: bytes,
        passage: LegacyPassage,
        silence_seconds: float,
    ) -> None:
        """The exchange; a session that its endpoint no longer has is no longer counted."""
        runtime = self._runtime
        try:
            await runtime.exchanges.run(call, booked, request, passage, silence_seconds)
        except EndpointUnreachable as error:
            if error.reason != "ConnectRefused":
                raise
            runtime.ledger.forget(mooring.session_tag)
            raise gone(call) from error
        if call.status == 404:
            runtime.ledger.forget(mooring.session_tag)


def _require_session(call: Call) -> None:
    if call.head.session_id is None:
        raise MalformedRequest(
            "this request needs a session id",
            reason="SessionIdMissing",
            remedy="send the Mcp-Session-Id that initialize gave",
        )

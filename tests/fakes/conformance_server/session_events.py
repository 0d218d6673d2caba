"""Resumable streams: what a session said, kept until the session ends.

The SDK hands its event store a request id as the name of a stream, and every session counts its
requests from the same number. One store for all sessions would therefore replay other sessions'
events; here each session gets a store of its own.
"""

from dataclasses import dataclass, field

from mcp.server.auth.middleware.bearer_auth import AuthorizationContext
from mcp.server.streamable_http import (
    EventCallback,
    EventMessage,
    EventStore,
    StreamableHTTPServerTransport,
)
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import JSONRPCMessage

MAX_EVENTS_PER_SESSION = 10_000


@dataclass(frozen=True, slots=True)
class _StoredEvent:
    stream_id: str
    message: JSONRPCMessage | None


@dataclass(slots=True)
class SessionEventStore(EventStore):
    """Events of one session; ids are a plain count, unique in the session as the spec asks."""

    _events: dict[int, _StoredEvent] = field(default_factory=dict)
    _last_number: int = 0

    async def store_event(self, stream_id: str, message: JSONRPCMessage | None) -> str:
        self._last_number += 1
        self._events[self._last_number] = _StoredEvent(stream_id, message)
        self._events.pop(self._last_number - MAX_EVENTS_PER_SESSION, None)
        return str(self._last_number)

    async def replay_events_after(
        self, last_event_id: str, send_callback: EventCallback
    ) -> str | None:
        last = int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() else 0
        seen = self._events.get(last)
        if seen is None:
            return None
        for number, event in list(self._events.items()):
            if number > last and event.stream_id == seen.stream_id and event.message is not None:
                await send_callback(EventMessage(event.message, str(number)))
        return seen.stream_id


class ResumableSessionManager(StreamableHTTPSessionManager):
    """The SDK's manager, with one event store per session instead of one for all."""

    def _admit_session(
        self, requestor: AuthorizationContext | None
    ) -> StreamableHTTPServerTransport | None:
        transport = super()._admit_session(requestor)
        if transport is not None:
            transport._event_store = SessionEventStore()
        return transport

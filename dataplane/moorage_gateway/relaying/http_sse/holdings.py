"""What this replica holds: HTTP+SSE clients' streams and HTTP+SSE endpoints' sessions."""

import asyncio
from collections.abc import Callable

from moorage_gateway.errors import GatewayError, OutcomeUnknown
from moorage_gateway.relaying.http_sse.bridged_session import BridgedSession
from moorage_gateway.relaying.http_sse.held_session import Opening
from moorage_gateway.relaying.http_sse.held_stream import HeldStream
from moorage_gateway.relaying.http_sse.stream_refusals import too_many_streams
from moorage_gateway.relaying.runtime import Runtime
from moorage_gateway.routing.endpoint_book import BookedEndpoint, BookedGroup
from moorage_gateway.routing.moorings import unknown_session

SWEEP_SECONDS = 5.0
FAREWELL_SECONDS = 5.0


class Holdings:
    """All of them by id; ``new_id`` gives 128 random bits as text."""

    def __init__(self, runtime: Runtime, new_id: Callable[[], str]) -> None:
        self._runtime = runtime
        self._new_id = new_id
        self._streams: dict[str, HeldStream] = {}
        self._sessions: dict[str, BridgedSession] = {}
        self._farewells: set[asyncio.Task[None]] = set()

    # clients' streams

    def hold_stream(self, opening: Opening) -> HeldStream:
        """A fresh stream of a client; raises CapacityError."""
        self._runtime.ledger.require_room()
        stream = HeldStream(self._runtime, self._new_id(), opening)
        self._streams[stream.id] = stream
        return stream

    def let_go(self, stream: HeldStream) -> None:
        """The client is gone: its endpoint is told, in the background."""
        if self._streams.pop(stream.id, None) is None:
            return
        task = asyncio.get_running_loop().create_task(stream.close())
        self._farewells.add(task)
        task.add_done_callback(self._farewells.discard)

    def stream(self, route: str, stream_id: str, principal_tag: bytes) -> HeldStream:
        """The stream of this id; raises SessionNotFound, alike for every wrong one."""
        stream = self._streams.get(stream_id)
        if stream is None or stream.opening.route != route:
            raise unknown_session()
        if stream.opening.principal_tag != principal_tag:
            raise unknown_session()
        return stream

    # endpoints' sessions

    def hold_session(
        self, route: str, booked: BookedEndpoint, principal_tag: bytes
    ) -> BridgedSession:
        """A fresh session at an endpoint, not yet open; raises CapacityError."""
        self._runtime.ledger.require_room()
        if len(self._sessions) >= self._runtime.limits.streams:
            raise too_many_streams(self._runtime.limits.streams)
        session = BridgedSession(
            self._runtime, self._new_id(), route, booked, principal_tag, self._session_over
        )
        self._sessions[session.id] = session
        return session

    def session(self, route: str, session_id: str, principal_tag: bytes) -> BridgedSession:
        """The session of this id; raises SessionNotFound, alike for every wrong one."""
        session = self._sessions.get(session_id)
        if session is None or (session.route, session.principal_tag) != (route, principal_tag):
            raise unknown_session()
        return session

    def _session_over(self, session: BridgedSession) -> None:
        self._sessions.pop(session.id, None)

    # their time

    async def sweep(self) -> None:
        """End what is too old or idle; runs until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self.end_old(self._runtime.loop_seconds())

    def end_old(self, now: float) -> None:
        """End streams past ``maxSeconds``, and sessions past it or unused for ``idleSeconds``."""
        for stream in tuple(self._streams.values()):
            if now - stream.opened_at > stream.opening.group.rules.sessions.max_seconds:
                stream.end()
        for session in tuple(self._sessions.values()):
            rules = session.booked.group.rules.sessions
            idle = not session.in_use and now - session.last_seen > rules.idle_seconds
            if idle or now - session.opened_at > rules.max_seconds:
                session.close(unknown_session())

    def end_idle_streams(self) -> None:
        """End the streams to clients on which no call waits; the others go on."""
        for stream in tuple(self._streams.values()):
            if stream.idle:
                stream.end()
        for session in self._sessions.values():
            session.messages.end_listening()

    def finish(self, group: BookedGroup) -> None:
        """The group leaves the table: its streams end with their last call."""
        for stream in self._streams_of(group):
            stream.finish()
        for session in self._sessions_of(group):
            session.messages.end_listening()

    def take_away(self, group: BookedGroup, failure: GatewayError) -> None:
        """End all of this group; whoever waits for an answer gets ``failure``."""
        for session in self._sessions_of(group):
            session.close(failure)
        for stream in self._streams_of(group):
            stream.break_off(failure)

    def _streams_of(self, group: BookedGroup) -> list[HeldStream]:
        return [each for each in self._streams.values() if each.opening.group is group]

    def _sessions_of(self, group: BookedGroup) -> list[BridgedSession]:
        return [each for each in self._sessions.values() if each.booked.group is group]

    def break_off(self, failure: GatewayError) -> None:
        """End everything; whoever waits for an answer gets ``failure``."""
        for session in tuple(self._sessions.values()):
            session.close(failure)
        for stream in tuple(self._streams.values()):
            stream.break_off(failure)

    async def stop(self) -> None:
        """End everything, and wait, bounded, until the endpoints are told."""
        self.break_off(OutcomeUnknown("this gateway process stops; the call may have run"))
        for stream in tuple(self._streams.values()):
            self.let_go(stream)
        if self._farewells:
            await asyncio.wait(self._farewells, timeout=FAREWELL_SECONDS)

"""All legacy sessions of one bridge: bounded, found by id, reaped."""

import asyncio
import time
from typing import Final

from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.refusals import OutcomeUnknown, SessionNotFound, Stopping, TooMany
from moorage_sidecar.sessions.reaping import decide_ending
from moorage_sidecar.sessions.session import Session
from moorage_sidecar.stdio_server import BridgedServer

RETRY_SECONDS: Final = 5
TICK_SECONDS: Final = 0.25


class SessionRegistry:
    """Sessions by id. A session counts until the last of its process is gone."""

    def __init__(self, name: str, server: BridgedServer, limits: BridgeLimits) -> None:
        self._name = name
        self._server = server
        self._limits = limits
        self._sessions: dict[str, Session] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._reaping: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        """Begin to look after the sessions."""
        self._reaping = asyncio.create_task(self._reap_for_ever())

    @property
    def sessions(self) -> int:
        return len(self._sessions)

    @property
    def processes(self) -> int:
        started = sum(session.is_started for session in self._sessions.values())
        return started + len(self._ending)

    @property
    def streams(self) -> int:
        return sum(session.board.attached for session in self._sessions.values())

    @property
    def calls(self) -> int:
        return sum(len(session.board.calls) for session in self._sessions.values())

    def open(self, *, resumable: bool) -> Session:
        """A new session without a process yet; raises ``TooMany`` or ``Stopping``."""
        if self._stopping:
            raise Stopping
        if len(self._sessions) + len(self._ending) >= self._limits.max_sessions:
            raise TooMany("sessions", self._limits.max_sessions, RETRY_SECONDS)
        session = Session(self._name, self._server, self._limits, resumable=resumable)
        self._sessions[session.id] = session
        session.on_close = lambda: self._forget(session)
        return session

    def find(self, session_id: str, *, resumable: bool) -> Session:
        """The living session of this id and transport, whose client has just been seen."""
        session = self._sessions.get(session_id)
        if session is None or session.board.is_resumable != resumable:
            raise SessionNotFound
        session.see_client()
        return session

    def refuse_new(self) -> None:
        """From now on only the sessions that are there go on."""
        self._stopping = True

    async def stop(self) -> None:
        """End every session; returns when no process is left."""
        self.refuse_new()
        if self._reaping is not None:
            self._reaping.cancel()
        for session in list(self._sessions.values()):
            session.close(OutcomeUnknown("the bridge stopped"))
        while self._ending:
            await asyncio.wait(self._ending)

    def _forget(self, session: Session) -> None:
        if self._sessions.pop(session.id, None) is None:
            return
        task = asyncio.create_task(session.finish())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _reap_for_ever(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._look_after(time.monotonic())

    def _look_after(self, now: float) -> None:
        for session in list(self._sessions.values()):
            session.answer_overdue_calls(now)
            if ending := decide_ending(session.activity(), now, self._limits):
                session.close(OutcomeUnknown(ending.value))

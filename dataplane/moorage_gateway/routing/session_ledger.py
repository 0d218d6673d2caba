"""The session ledger: which sessions this process has seen lately, and on which endpoint.

It counts; it does not decide who is served (capsules do). Sessions that other replicas opened
enter when their first request comes here.
"""

from collections.abc import Iterator
from typing import Protocol

from moorage_gateway.errors import CapacityError
from moorage_gateway.routing.endpoint_book import BookedGroup


class SessionCounts(Protocol):
    """Who counts live sessions by group."""

    def session_opened(self, group: str) -> None: ...
    def session_closed(self, group: str) -> None: ...


class SessionNews(Protocol):
    """Who tells others of sessions. Their group is the table's name of it."""

    def opened(self, group: str, uid: str, tag: bytes) -> None: ...
    def seen(self, group: str, uid: str, tag: bytes) -> None: ...
    def ended(self, group: str, uid: str, tag: bytes) -> None: ...
    def idle(self, group: str, uid: str, tag: bytes) -> None: ...


class LiveSession:
    """One counted session."""

    __slots__ = ("endpoint_uid", "group", "last_seen", "opened_seq", "streams")

    def __init__(self, group: BookedGroup, endpoint_uid: str, now: float) -> None:
        self.group = group
        self.endpoint_uid = endpoint_uid
        self.last_seen = now
        self.streams = 0
        self.opened_seq = 0
        """The report that tells its opening; 0 if another replica opened it, or nobody is told."""


class SessionLedger:
    """Live sessions by tag, bounded by ``limit``."""

    def __init__(self, limit: int, counts: SessionCounts) -> None:
        self._limit = limit
        self._counts = counts
        self._sessions: dict[bytes, LiveSession] = {}
        self.news: SessionNews | None = None

    def __iter__(self) -> Iterator[tuple[bytes, LiveSession]]:
        return iter(self._sessions.items())

    def __len__(self) -> int:
        return len(self._sessions)

    def require_room(self) -> None:
        """Raises CapacityError when no further session may be counted."""
        if len(self._sessions) >= self._limit:
            raise CapacityError(
                f"this gateway already serves {self._limit} sessions",
                reason="GatewaySessionsExhausted",
                remedy="end sessions with DELETE, or add gateway replicas",
                retry_after_seconds=5,
            )

    def touch(self, tag: bytes, group: BookedGroup, endpoint_uid: str, now: float) -> None:
        """A session showed life; one not yet known is counted from now on."""
        session = self._sessions.get(tag)
        if session is not None:
            session.last_seen = now
            if session.group is not group:
                self._move(session, group)
        elif self._count(tag, group, endpoint_uid, now) and self.news is not None:
            self.news.seen(group.name, endpoint_uid, tag)

    def open(self, tag: bytes, group: BookedGroup, endpoint_uid: str, now: float) -> None:
        """A session began through this process."""
        if tag in self._sessions:
            self.touch(tag, group, endpoint_uid, now)
        elif self._count(tag, group, endpoint_uid, now):
            if group.slots is not None:
                self._sessions[tag].opened_seq = group.slots.opened(endpoint_uid)
            if self.news is not None:
                self.news.opened(group.name, endpoint_uid, tag)

    def _count(self, tag: bytes, group: BookedGroup, endpoint_uid: str, now: float) -> bool:
        """False where the bound is reached."""
        if len(self._sessions) >= self._limit:
            return False
        self._sessions[tag] = LiveSession(group, endpoint_uid, now)
        group.session_opened(endpoint_uid)
        self._counts.session_opened(group.name)
        return True

    def _move(self, session: LiveSession, group: BookedGroup) -> None:
        # Its group had left the table and is back: the new one counts from nothing.
        session.group.session_closed(session.endpoint_uid)
        self._counts.session_closed(session.group.name)
        session.group = group
        group.session_opened(session.endpoint_uid)
        self._counts.session_opened(group.name)

    def stream_opened(self, tag: bytes) -> LiveSession | None:
        """A session with an open stream is never idle; None if it is not counted."""
        session = self._sessions.get(tag)
        if session is not None:
            session.streams += 1
        return session

    def stream_closed(self, session: LiveSession | None, now: float) -> None:
        """The counterpart of ``stream_opened``, with what that returned.

        Not by tag: the session may have been forgotten and counted anew since.
        """
        if session is not None:
            session.streams -= 1
            session.last_seen = now

    def forget(self, tag: bytes) -> None:
        """The session ended."""
        self._forget(tag, over=True)

    def ended_elsewhere(self, tag: bytes) -> None:
        """The leader says that the session is over: it has told slots without it, and no news."""
        self._discount(tag)

    def _discount(self, tag: bytes) -> LiveSession | None:
        session = self._sessions.pop(tag, None)
        if session is not None:
            session.group.session_closed(session.endpoint_uid)
            self._counts.session_closed(session.group.name)
        return session

    def _forget(self, tag: bytes, *, over: bool) -> None:
        session = self._discount(tag)
        if session is None:
            return
        group, uid = session.group, session.endpoint_uid
        if group.slots is not None:
            group.slots.closed(uid, session.opened_seq, over=over)
        if self.news is not None:
            (self.news.ended if over else self.news.idle)(group.name, uid, tag)

    def forget_departed(self) -> None:
        """Stop counting sessions whose endpoint left the table: they are over for everybody."""
        departed = [
            tag
            for tag, session in self._sessions.items()
            if session.endpoint_uid not in session.group.endpoints
        ]
        for tag in departed:
            self._forget(tag, over=False)

    def forget_idle(self, now: float) -> None:
        """Stop counting what has been silent for its group's ``idleSeconds``."""
        self.forget_departed()  # one may have begun just when its endpoint left
        idle = [
            tag
            for tag, session in self._sessions.items()
            if not session.streams
            and now - session.last_seen > session.group.rules.sessions.idle_seconds
        ]
        for tag in idle:
            self._forget(tag, over=False)

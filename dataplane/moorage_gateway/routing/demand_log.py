"""What has changed since the last report: sessions, by their tags, and handshakes."""

import base64
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field
from itertools import takewhile
from typing import NamedTuple

from moorage_contract.report_channel import (
    LOST_SECONDS,
    MAX_ENDPOINTS_PER_REPORT,
    MAX_POD_NAME_CHARS,
    MAX_TAGS_PER_REPORT,
    MAX_VERSION_CHARS,
    MAX_VERSIONS,
    MAX_WHY_CHARS,
    EndpointHealth,
    EndpointReport,
    GroupReport,
    Handshake,
)
from moorage_gateway.routing.endpoint_book import BookedEndpoint, EndpointBook
from moorage_gateway.routing.endpoint_state import EndpointState
from moorage_gateway.routing.session_ledger import SessionLedger

MAX_ENDED_KEPT = 100_000
"""Ended sessions that no leader has confirmed, oldest out first; those it counts until idle."""
_HEALTH: dict[EndpointState, EndpointHealth] = {
    EndpointState.VERIFYING: "verifying",
    EndpointState.READY: "ready",
    EndpointState.DOWN: "down",
}
Place = tuple[str, str]
"""Group and endpoint uid."""


@dataclass
class PlaceNews:
    """What is to be told of one endpoint; dicts keep the order."""

    handshake: Handshake | None = None
    gone: bool = False
    anew: bool = False
    name: str = ""
    slots: int = 0
    kept: int = 0
    opened: dict[bytes, None] = field(default_factory=dict)
    seen: dict[bytes, None] = field(default_factory=dict)
    ended: dict[bytes, None] = field(default_factory=dict)
    idle: dict[bytes, None] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.opened) + len(self.seen) + len(self.ended) + len(self.idle)

    def note_live(self, tag: bytes, *, opened: bool = False) -> None:
        """It is counted, though it may just have been told idle: one report has no order."""
        self.idle.pop(tag, None)
        (self.opened if opened else self.seen)[tag] = None

    def note_ended(self, tag: bytes) -> None:
        """It is over for everybody."""
        for live in (self.opened, self.seen, self.idle):
            live.pop(tag, None)
        self.ended[tag] = None

    def note_idle(self, tag: bytes) -> None:
        """It is counted no more. That it was opened is told all the same: it took a slot, which
        the leader gives anew."""
        self.seen.pop(tag, None)
        self.idle[tag] = None

    def report(self) -> EndpointReport:
        """As it is sent."""
        return EndpointReport(
            handshake=self.handshake,
            name=self.name,
            anew=self.anew,
            slots=self.slots,
            kept=self.kept,
            opened=_texts(self.opened),
            seen=_texts(self.seen),
            ended=_texts(self.ended),
            idle=_texts(self.idle),
        )


class Told(NamedTuple):
    """What the leader knows of an endpoint, by this connection."""

    booked: BookedEndpoint
    handshake: Handshake
    name: str


class DemandLog:
    """Hears of sessions from the ledger, and looks into the book when a report is due."""

    def __init__(self, book: EndpointBook, ledger: SessionLedger) -> None:
        self._book = book
        self._ledger = ledger
        self._news: dict[Place, PlaceNews] = {}
        self._told: dict[Place, Told] = {}
        self._kept: set[Place] = set()
        """Those of which the last report told that places are kept beyond guidance."""
        self._unconfirmed: dict[bytes, tuple[Place, int]] = {}
        """Ended sessions, and in which report that was told."""
        self._confirmed: dict[bytes, tuple[Place, float]] = {}
        """Those that a leader knows of, and since when, oldest first. It may be gone before it has
        told other replicas, so they are told to the next one as well for LOST_SECONDS."""
        self._connected = False

    # the ledger says

    def opened(self, group: str, uid: str, tag: bytes) -> None:
        """A session began through us."""
        if self._connected:
            self._of((group, uid)).note_live(tag, opened=True)

    def seen(self, group: str, uid: str, tag: bytes) -> None:
        """A session that another replica opened came to us."""
        if self._connected:
            self._of((group, uid)).note_live(tag)

    def ended(self, group: str, uid: str, tag: bytes) -> None:
        """A session is over."""
        if len(self._unconfirmed) >= MAX_ENDED_KEPT:
            del self._unconfirmed[next(iter(self._unconfirmed))]
        self._unconfirmed[tag] = ((group, uid), 0)
        if self._connected:
            self._of((group, uid)).note_ended(tag)

    def idle(self, group: str, uid: str, tag: bytes) -> None:
        """A session was not seen for too long."""
        if self._connected:
            self._of((group, uid)).note_idle(tag)

    # the channel says

    def begin(self) -> None:
        """A new connection: its leader knows nothing yet."""
        self.end()
        self._connected = True
        for tag, (place, _) in (*self._confirmed.items(), *self._unconfirmed.items()):
            self._of(place).ended[tag] = None

    def end(self) -> None:
        """The connection is over; the next one begins with all there is."""
        self._connected = False
        self._told.clear()
        self._news.clear()

    def confirmed(self, report_seq: int, now: float) -> None:
        """The leader has taken in all up to that report."""
        old = takewhile(lambda each: now - each[1][1] > LOST_SECONDS, self._confirmed.items())
        for tag in [tag for tag, _ in old]:
            del self._confirmed[tag]
        for tag in [tag for tag, (_, seq) in self._unconfirmed.items() if 0 < seq <= report_seq]:
            if len(self._confirmed) >= MAX_ENDED_KEPT:
                del self._confirmed[next(iter(self._confirmed))]
            self._confirmed[tag] = (self._unconfirmed.pop(tag)[0], now)

    def take(self, seq: int) -> list[dict[str, GroupReport]]:
        """All news, in pieces for reports that begin with number ``seq``; at least one piece."""
        self._look_at_endpoints(seq)
        pieces = [Piece()]
        for place, news in self._news.items():
            if pieces[-1].is_full:
                pieces.append(Piece())
            pieces[-1].add(place, news)
            for tag in news.ended:
                if tag in self._unconfirmed:
                    self._unconfirmed[tag] = (place, seq + len(pieces) - 1)
        self._news = {}
        return [piece.groups() for piece in pieces]

    def _look_at_endpoints(self, seq: int) -> None:
        fresh: set[Place] = set()
        present: set[Place] = set()
        kept_before, self._kept = self._kept, set()
        for group in self._book.groups.values():
            for uid, booked in group.endpoints.items():
                place = (group.name, uid)
                present.add(place)
                told = self._told.get(place)
                if told is None:
                    fresh.add(place)
                    self._of(place).slots = group.slots.told(uid, seq) if group.slots else 0
                elif told.booked is not booked:
                    self._of(place).anew = True
                self._tell(place, booked)
                if group.slots is not None:
                    self._tell_kept(place, group.slots.kept_beyond(uid), kept_before)
        for place in self._told.keys() - present:
            del self._told[place]
            self._of(place).gone = True
        self._tell_all_sessions(fresh)
        for place in [place for place in self._news if place not in present]:
            if not self._news[place].gone:
                del self._news[place]  # with its endpoint its sessions are over for everybody

    def _tell(self, place: Place, booked: BookedEndpoint) -> None:
        """A name that comes later goes with the handshake: by that leaders see that there is news
        for a status."""
        before = self._told.get(place)
        now = Told(booked, _handshake(booked), booked.endpoint.name[:MAX_POD_NAME_CHARS])
        if now != before:
            self._told[place] = now
            self._of(place).handshake = now.handshake
            if before is None or before.name != now.name:
                self._of(place).name = now.name

    def _tell_kept(self, place: Place, kept: int, before: Set[Place]) -> None:
        """While it is above zero and once more then: news without it would say zero."""
        if kept:
            self._kept.add(place)
        if kept or place in before:
            self._of(place).kept = kept

    def _tell_all_sessions(self, fresh: set[Place]) -> None:
        if not fresh:
            return
        for place in fresh:
            self._of(place).opened.clear()
        for tag, session in self._ledger:
            place = (session.group.name, session.endpoint_uid)
            if place in fresh:
                self._of(place).note_live(tag)

    def _of(self, place: Place) -> PlaceNews:
        news = self._news.get(place)
        if news is None:
            news = self._news[place] = PlaceNews()
        return news


def _handshake(booked: BookedEndpoint) -> Handshake:
    health = booked.health
    return Handshake(
        state=_HEALTH[health.state],
        own=health.own,
        under_way=booked.is_shaking_hands,
        why=health.why[:MAX_WHY_CHARS],
        spoken_to=booked.spoken_to,
        versions=tuple(each[:MAX_VERSION_CHARS] for each in health.versions[:MAX_VERSIONS]),
    )


class Piece:
    """What one report takes."""

    def __init__(self) -> None:
        self._endpoints: dict[str, dict[str, EndpointReport]] = {}
        self._gone: dict[str, list[str]] = {}
        self._count = self._tags = 0

    @property
    def is_full(self) -> bool:
        """Whether the next endpoint belongs to the next report."""
        return self._tags >= MAX_TAGS_PER_REPORT or self._count >= MAX_ENDPOINTS_PER_REPORT

    def add(self, place: Place, news: PlaceNews) -> None:
        """Take in one endpoint's news."""
        group, uid = place
        self._count += 1
        self._tags += len(news)
        if news.gone:
            self._gone.setdefault(group, []).append(uid)
        else:
            self._endpoints.setdefault(group, {})[uid] = news.report()

    def groups(self) -> dict[str, GroupReport]:
        """As a report has it."""
        return {
            group: GroupReport(
                endpoints=self._endpoints.get(group, {}), gone=tuple(self._gone.get(group, ()))
            )
            for group in (*self._endpoints, *(self._gone.keys() - self._endpoints.keys()))
        }


def tags_of(texts: Iterable[str]) -> Iterator[bytes]:
    """The tags that a report has told as ``texts``."""
    return (base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) for text in texts)


def _texts(tags: dict[bytes, None]) -> tuple[str, ...]:
    return tuple(base64.urlsafe_b64encode(tag).rstrip(b"=").decode("ascii") for tag in tags)

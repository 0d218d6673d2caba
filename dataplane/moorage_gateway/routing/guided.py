"""How a replica shares endpoints with others: by the operator's guidance, or by itself.

    WAITING ──first guidance──▶ GUIDED ──10 s without the leader──▶ ALONE ──guidance──▶ GUIDED
       └─────────10 s without any───────────────────────────────────▲

While it waits it opens no session. A gateway whose table names no operator is a desk's: it is the
only one that serves its endpoints, and shares nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from moorage_contract.report_channel import (
    LOST_SECONDS,
    MAX_WHY_CHARS,
    PROMISE_SECONDS,
    REPORT_SECONDS,
    DemandReport,
    GroupReport,
    Guidance,
)
from moorage_contract.route_table import RouteTable
from moorage_gateway.routing.demand_log import DemandLog, tags_of
from moorage_gateway.routing.endpoint_book import BookedGroup, EndpointBook
from moorage_gateway.routing.new_endpoints import NewEndpoints
from moorage_gateway.routing.picker import awaits_slot
from moorage_gateway.routing.session_ledger import SessionLedger
from moorage_gateway.routing.session_slots import ReportCount, SessionSlots

SLOTS_SECONDS = PROMISE_SECONDS + 2 * REPORT_SECONDS
"""In a start, so long may a new leader settle until it gives this replica slots. Meanwhile it is
not ready, so that clients go to replicas that have some; sessions that are bound it serves."""


class Sharing(Enum):
    """By what this replica goes; see the picture above."""

    DESK = auto()
    WAITING = auto()
    GUIDED = auto()
    ALONE = auto()


@dataclass(frozen=True)
class ReplicaFacts:
    """What a report says of the process itself."""

    pod: str
    table_digest: str
    key_ids: tuple[str, ...]
    streams: int
    stopping: bool = False
    closed: bool = False
    unfollowed: Mapping[str, str] = field(default_factory=dict)
    """Why, by namespace."""
    certificate_refused: str = ""
    """Why the newest certificate is not in use."""


class Guided:
    """Brings guidance to the endpoint book, and news from it."""

    def __init__(
        self,
        book: EndpointBook,
        ledger: SessionLedger,
        new_endpoints: NewEndpoints,
        loop_seconds: Callable[[], float],
        hurry: Callable[[], None],
    ) -> None:
        """``hurry`` is called when the leader should hear of something at once."""
        self._book = book
        self._ledger = ledger
        self._new_endpoints = new_endpoints
        self._now = loop_seconds
        self._hurry = hurry
        self._log = DemandLog(book, ledger)
        self._count = ReportCount(hurry)
        self._table = RouteTable(gateway="")
        self._heard_at = 0.0
        """When the leader last spoke; at first, when it began to be expected."""
        self._taken_seq = 0
        """The newest guidance of this connection."""
        self._slots_due_until = 0.0
        self.sharing = Sharing.DESK
        book.health_changed = hurry

    # the table

    def expect(self, table: RouteTable) -> None:
        """Before ``table`` is applied to the book: who verifies what appears by it."""
        self._table = table
        if table.report is None:
            self.sharing, self._ledger.news = Sharing.DESK, None
            self._new_endpoints.go_alone()
        elif self.sharing is Sharing.DESK:
            self.sharing, self._ledger.news = Sharing.WAITING, self._log
            self._heard_at = self._now()
            self._slots_due_until = self._heard_at + SLOTS_SECONDS
            self._new_endpoints.is_led = True

    def hindrances(self) -> tuple[str, ...]:
        """Why no session begins here though elsewhere one could; only within SLOTS_SECONDS."""
        if self._now() > self._slots_due_until:
            return ()
        if self.sharing is Sharing.WAITING:
            return ("the operator has not said yet how many sessions this replica may open",)
        return tuple(
            f'the free sessions of group "{group.name}" are still promised to other replicas'
            for group in self._book.groups.values()
            if awaits_slot(group)
        )

    def follow(self) -> None:
        """After the table was applied: every group has its slots."""
        for group in self._book.groups.values():
            if self.sharing is Sharing.DESK:
                group.slots = None
            elif group.slots is None:
                group.slots = SessionSlots(self._count)
                for uid, booked in group.endpoints.items():
                    group.slots.place(uid, booked.may_get_new_work)
        if self.sharing is Sharing.ALONE:
            self._share_alone()
        self._hurry()

    # the channel

    def connected(self) -> None:
        """A leader listens; it knows nothing of this replica yet."""
        self._taken_seq = 0
        self._new_endpoints.is_led = True
        self._log.begin()

    def disconnected(self) -> None:
        """It listens no more, or none was found; what it said of slots holds for a while."""
        self._new_endpoints.go_alone()
        self._log.end()

    def reports(self, facts: ReplicaFacts, *, whole: bool) -> tuple[DemandReport, ...]:
        """All news for the leader, whole right after ``connected``."""
        first = self._count.next_seq
        pieces = self._log.take(first)
        self._add_wants(pieces[-1])
        self._count.next_seq += len(pieces)
        last = first + len(pieces) - 1
        return tuple(
            DemandReport(
                seq=seq,
                whole=whole and seq == first,
                more=seq != last,
                gateway=self._table.gateway,
                pod=facts.pod,
                table_digest=facts.table_digest,
                key_ids=facts.key_ids,
                guidance_seq=self._taken_seq,
                streams=facts.streams,
                sessions=len(self._ledger),
                stopping=facts.stopping,
                closed=facts.closed,
                unfollowed={name: why[:MAX_WHY_CHARS] for name, why in facts.unfollowed.items()},
                certificate_refused=facts.certificate_refused[:MAX_WHY_CHARS],
                groups=groups,
            )
            for seq, groups in enumerate(pieces, start=first)
        )

    def _add_wants(self, groups: dict[str, GroupReport]) -> None:
        for name, group in self._book.groups.items():
            slots, told = group.slots, groups.get(name, GroupReport())
            if slots is None or not (slots.was_wanted or slots.held or slots.arrivals):
                continue
            groups[name] = GroupReport(
                arrivals=slots.arrivals,
                held=slots.held,
                endpoints=told.endpoints,
                gone=told.gone,
            )
            slots.was_wanted, slots.arrivals = bool(slots.held or slots.arrivals), 0

    def take(self, guidance: Guidance) -> None:
        """Go by what the leader says from now on."""
        self._heard_at = self._now()
        self.sharing = Sharing.GUIDED
        self._taken_seq = guidance.seq
        self._log.confirmed(guidance.report_seq, self._heard_at)
        for name, endpoints in guidance.groups.items():
            group = self._book.groups.get(name)
            if group is None or group.slots is None:
                continue
            if group.slots.take(
                {uid: told for uid, told in endpoints.items() if uid in group.endpoints},
                guidance.report_seq,
            ):
                self._hurry()  # others wait until the leader knows that we have fewer
            for told in endpoints.values():
                for tag in tags_of(told.ended):
                    self._ledger.ended_elsewhere(tag)
            self._new_endpoints.take(self._book, group, endpoints)
            group.tell_waiting()

    def tick(self) -> None:
        """Called every second or so: without a leader the replica goes on by itself."""
        lost = self._now() - self._heard_at > LOST_SECONDS
        if lost and self.sharing in (Sharing.WAITING, Sharing.GUIDED):
            self.sharing = Sharing.ALONE
            self._share_alone()

    def _share_alone(self) -> None:
        for group in self._book.groups.values():
            if group.slots is not None:
                live = _live_sessions(group)
                group.slots.go_alone(live, group.rules.sessions.per_pod, self._table.replicas)
                group.tell_waiting()


def _live_sessions(group: BookedGroup) -> dict[str, int]:
    return {uid: group.live_sessions.get(uid, 0) for uid in group.endpoints}

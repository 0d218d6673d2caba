"""The endpoint book: every endpoint of every group, its health, its load, its connections."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from weakref import WeakSet

import msgspec
from msgspec.structs import replace

from moorage_contract.route_table import Endpoint, Group
from moorage_gateway.connecting.upstream_pool import UpstreamPool
from moorage_gateway.routing.endpoint_state import EndpointState, Health
from moorage_gateway.routing.load_ladder import LoadLadder
from moorage_gateway.routing.session_slots import SessionSlots
from moorage_gateway.settings import Limits


class BookedEndpoint:
    """One endpoint as the gateway knows it."""

    __slots__ = (
        "__weakref__",
        "awaited",
        "endpoint",
        "group",
        "health",
        "is_shaking_hands",
        "last_answer",
        "pool",
        "spoken_to",
    )

    def __init__(self, endpoint: Endpoint, group: "BookedGroup", pool: UpstreamPool) -> None:
        self.endpoint = endpoint
        self.group = group
        self.pool = pool
        self.spoken_to = _spoken_to(endpoint, group.rules)
        self.health = Health()
        self.is_shaking_hands = False
        self.last_answer = 0.0
        self.awaited = 0
        """Answers that it owes within their time; streams may be silent for ever."""

    @property
    def uid(self) -> str:
        return self.endpoint.uid

    @property
    def may_get_new_work(self) -> bool:
        """One that is not ready, or on its way out, serves what is bound to it."""
        return self.endpoint.ready and self.health.state is EndpointState.READY


class BookedGroup:
    """One upstream group: its rules and its endpoints by uid."""

    def __init__(self, group: Group) -> None:
        self.rules = group
        self.endpoints: dict[str, BookedEndpoint] = {}
        self.pools: WeakSet[UpstreamPool] = WeakSet()
        """Of all its endpoints, also of those that have left and whose calls still run."""
        self.sessions = LoadLadder()
        """Ready endpoints by live sessions."""
        self.requests = LoadLadder()
        """Ready endpoints by requests in flight, as of the last ``least_loaded``."""
        self._moved: set[str] = set()
        self.in_flight: dict[str, int] = {}
        self.live_sessions: dict[str, int] = {}
        self.changed = asyncio.Event()
        self.slots: SessionSlots | None = None
        """What other replicas leave to this one; None where it is the only one."""

    @property
    def name(self) -> str:
        return self.rules.name

    def request_started(self, uid: str) -> None:
        """Count a request on its endpoint."""
        self.in_flight[uid] = self.in_flight.get(uid, 0) + 1
        self._moved.add(uid)

    def request_ended(self, uid: str) -> None:
        """The counterpart of ``request_started``."""
        self.in_flight[uid] -= 1
        self._moved.add(uid)
        if not self.in_flight[uid] and uid not in self.endpoints:
            del self.in_flight[uid]

    def least_loaded(self) -> str | None:
        """The ready endpoint with the fewest requests in flight, None if none is ready.

        Requests that are bound need no order: it is brought up to date only here.
        """
        while self._moved:
            uid = self._moved.pop()
            if uid in self.requests:
                self.requests.shift(uid, self.in_flight.get(uid, 0) - self.requests.load(uid))
        return self.requests.least()

    def session_opened(self, uid: str) -> None:
        """Count a live session on its endpoint."""
        self.live_sessions[uid] = self.live_sessions.get(uid, 0) + 1
        if uid in self.sessions:
            self.sessions.shift(uid, 1)

    def session_closed(self, uid: str) -> None:
        """The counterpart of ``session_opened``."""
        self.live_sessions[uid] -= 1
        if uid in self.sessions:
            self.sessions.shift(uid, -1)
        if not self.live_sessions[uid] and uid not in self.endpoints:
            del self.live_sessions[uid]

    def leave(self, uid: str) -> None:
        """Take an endpoint out; what still runs there stays counted until it ends."""
        del self.endpoints[uid]
        for counts in (self.in_flight, self.live_sessions):
            if not counts.get(uid):
                counts.pop(uid, None)

    def place(self, booked: BookedEndpoint) -> None:
        """Put an endpoint on the ladders if it may get new work, else take it off."""
        uid = booked.uid
        if booked.may_get_new_work:
            if uid not in self.requests:
                self.requests.add(uid, self.in_flight.get(uid, 0))
                self.sessions.add(uid, self.live_sessions.get(uid, 0))
        else:
            self.requests.remove(uid)
            self.sessions.remove(uid)
        if self.slots is not None:
            self.slots.place(uid, booked.may_get_new_work)
        self.tell_waiting()

    def tell_waiting(self) -> None:
        """Those who wait for an endpoint or for a slot look again."""
        self.changed.set()
        self.changed = asyncio.Event()


class EndpointBook:
    """All groups by name. ``appeared`` is called for each endpoint that must be verified."""

    def __init__(self, limits: Limits, appeared: Callable[[BookedEndpoint], None]) -> None:
        self._limits = limits
        self._appeared = appeared
        self._passage = b""
        self.groups: dict[str, BookedGroup] = {}
        self.health_changed: Callable[[], None] = lambda: None
        """Called when more is known of an endpoint than before, or something else."""

    def apply(self, groups: Iterable[Group]) -> None:
        """Bring the book to a new table. Endpoints that stay keep connections and health."""
        wanted = {group.name: group for group in groups}
        for name in [name for name in self.groups if _is_gone(name, wanted)]:
            self._part_with(self.groups.pop(name), wanted.get(name))
        for name, rules in wanted.items():
            booked = self.groups.setdefault(name, BookedGroup(rules))
            if _spoken_to_otherwise(booked.rules, rules):
                self._remove_absent(booked, {})
            if rules.key != booked.rules.key:
                self._show(booked, rules.key)
            booked.rules = rules
            self._apply_group(booked, {endpoint.uid: endpoint for endpoint in rules.endpoints})

    def pass_as(self, passage: bytes) -> None:
        """The header line that every request bears from now on: by it a loop is noticed."""
        self._passage = passage
        for group in self.groups.values():
            self._show(group, group.rules.key)

    def _show(self, group: BookedGroup, key: str | None) -> None:
        for booked in group.endpoints.values():
            booked.pool.show(key, self._passage)

    def _part_with(self, group: BookedGroup, refused: Group | None) -> None:
        """Who still holds it, or waits for it, sees that it is over, and why."""
        if refused is not None:
            group.rules = replace(group.rules, unresolved=refused.unresolved)
        self._remove_absent(group, {})
        group.tell_waiting()

    def _apply_group(self, group: BookedGroup, wanted: Mapping[str, Endpoint]) -> None:
        self._remove_absent(group, wanted)
        if group.slots is not None:
            group.slots.keep_only(wanted)
        for uid, endpoint in wanted.items():
            if uid in group.endpoints:
                self._take_readiness(group.endpoints[uid], endpoint)
            else:
                pool = UpstreamPool(endpoint, self._limits, group.rules.tls)
                pool.show(group.rules.key, self._passage)
                group.pools.add(pool)
                group.endpoints[uid] = booked = BookedEndpoint(endpoint, group, pool)
                self._begin(booked)

    def _take_readiness(self, booked: BookedEndpoint, endpoint: Endpoint) -> None:
        """A flap of readiness moves no session, and what was verified stays verified."""
        before, booked.endpoint = booked.endpoint, endpoint
        if before.ready is not endpoint.ready:
            booked.group.place(booked)
            self._begin(booked)

    def _begin(self, booked: BookedEndpoint) -> None:
        if booked.endpoint.ready and booked.health.state is EndpointState.VERIFYING:
            self._appeared(booked)

    def _remove_absent(self, group: BookedGroup, wanted: Mapping[str, Endpoint]) -> None:
        for uid, booked in tuple(group.endpoints.items()):
            if uid not in wanted or not _is_same(wanted[uid], booked.endpoint):
                group.leave(uid)
                self.set_health(booked, booked.health.removed())
                booked.pool.retire()

    def set_health(self, booked: BookedEndpoint, health: Health) -> None:
        """Change an endpoint's health and what it may be given."""
        before, booked.health = booked.health, health
        if before.state is not health.state:
            booked.group.place(booked)
        if (before.state, before.own) != (health.state, health.own):
            self.health_changed()

    def close(self) -> None:
        """Close every connection."""
        for group in self.groups.values():
            for booked in group.endpoints.values():
                booked.pool.close()


def _is_same(one: Endpoint, other: Endpoint) -> bool:
    """Whether they are at the same place; what people call them matters not."""
    return replace(one, ready=other.ready, name=other.name) == other


def _spoken_to(endpoint: Endpoint, group: Group) -> str:
    """Equal in all replicas that speak with the endpoint at the same place and in the same way."""
    way = (endpoint.url, endpoint.unix_socket, group.source, group.transport, group.tls)
    return blake2b(msgspec.json.encode(way), digest_size=8).hexdigest()


def _is_gone(name: str, wanted: Mapping[str, Group]) -> bool:
    """One that may not be used is begun anew too: listens see by it that it is over."""
    return name not in wanted or bool(wanted[name].unresolved)


def _spoken_to_otherwise(before: Group, after: Group) -> bool:
    """Whether what was verified of the endpoints no longer holds."""
    return (before.source, before.transport, before.tls) != (
        after.source,
        after.transport,
        after.tls,
    )

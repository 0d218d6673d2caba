"""Replicas and leaders with a network between them that delays and loses; time is simulated.

Both ends are the real ones: the gateway's endpoint book, ledger and guidance, the operator's demand
ledger. What the network does is drawn from a seed.
"""

import base64
from collections import deque
from collections.abc import Mapping, Sequence
from random import Random

from msgspec.structs import replace

from fakes.in_process_gateway import table_of
from moorage_contract.report_channel import (
    PROMISE_SECONDS,
    DemandReport,
    Guidance,
    decode_guidance,
    decode_report,
    encode_guidance,
    encode_report,
)
from moorage_contract.route_table import (
    Group,
    ReportTarget,
    RouteTable,
    SessionRules,
    UpstreamTls,
)
from moorage_gateway.errors import GatewayError
from moorage_gateway.reporting.cells import Cells
from moorage_gateway.routing.endpoint_book import BookedEndpoint, BookedGroup, EndpointBook
from moorage_gateway.routing.guided import Guided, ReplicaFacts
from moorage_gateway.routing.new_endpoints import NewEndpoints
from moorage_gateway.routing.picker import pick_for_session
from moorage_gateway.routing.session_ledger import SessionLedger
from moorage_gateway.settings import Limits
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.demand.demand_ledger import DemandLedger
from moorage_operator.planning.demand.gateway_pod import GatewayPod
from moorage_operator.planning.demand.served_groups import GroupRules

GATEWAY = ResourceName("tests", "gateway")
GROUP = ResourceName("tests", "servers")
LONGEST_SILENCE_SECONDS = 9.0
"""Within what a guidance holds; what happens past it is another story."""


def table(
    endpoints: int, per_pod: int, replicas: int, groups: Sequence[str] = ("servers",)
) -> RouteTable:
    """Each group with so many endpoints of its own."""
    urls = [f"http://10.0.0.{number}/mcp" for number in range(endpoints)]
    target = ReportTarget(url="wss://operator/report", ca_pem="", server_name="operator")
    rules = SessionRules(per_pod=per_pod, idle_seconds=3600)
    served = table_of(urls, sessions=rules)
    return replace(
        served,
        groups=tuple(_named(name, served.groups[0]) for name in groups),
        report=target,
        replicas=replicas,
    )


def _named(name: str, group: Group) -> Group:
    if name == group.name:
        return group
    own = tuple(replace(each, uid=f"{name}-{each.uid}") for each in group.endpoints)
    return replace(group, name=name, endpoints=own)


class SimulatedReplica:
    """One gateway pod and its connection."""

    def __init__(self, number: int, served: RouteTable, clock: "Clock") -> None:
        self.pod = GatewayPod(GATEWAY, f"pod-{number:03}")
        self._clock = clock
        new_endpoints = NewEndpoints(self)
        self.book = EndpointBook(Limits(), new_endpoints.appeared)
        self.ledger = SessionLedger(10_000, Cells())
        self.guided = Guided(self.book, self.ledger, new_endpoints, lambda: clock.now, lambda: None)
        self.serve(served)
        self.is_connected = self.told_whole = False
        self.up: deque[str] = deque()
        self.down: deque[str] = deque()
        self.heard_at = clock.now
        self.kept: list[str] = []
        """Endpoints where a place is kept for a session that is about to begin."""
        self.hung: list[str] = []
        """The same where the endpoint lets its initialize hang."""

    def serve(self, served: RouteTable) -> None:
        """Go by this table from now on."""
        self.served = served
        self.guided.expect(served)
        self.book.apply(served.groups)
        self.guided.follow()

    def begin(self, booked: BookedEndpoint) -> None:
        """Every handshake succeeds at once."""
        self.book.set_health(booked, booked.health.verified(()))

    def leave_to_others(self, booked: BookedEndpoint) -> None:
        """None is under way."""

    @property
    def group(self) -> BookedGroup:
        return self.book.groups["servers"]

    def group_of(self, uid: str) -> BookedGroup:
        """Whose endpoint it is."""
        return next(group for group in self.book.groups.values() if uid in group.endpoints)

    def keep_place(self, group_name: str = "servers") -> None:
        """A client's initialize comes, if there is a slot for it."""
        group = self.book.groups[group_name]
        try:
            uid = pick_for_session(group, None).uid
        except GatewayError:
            return
        assert group.slots is not None
        group.session_opened(uid)
        group.slots.keep(uid)
        self.kept.append(uid)

    def fall_silent(self, uid: str) -> None:
        """A ping is not answered in time."""
        booked = self.group_of(uid).endpoints[uid]
        self.book.set_health(booked, booked.health.failed("no answer to a ping", silent=True))

    def silent(self) -> list[BookedEndpoint]:
        """Endpoints that are."""
        groups = self.book.groups.values()
        endpoints = [booked for group in groups for booked in group.endpoints.values()]
        return [booked for booked in endpoints if booked.health.silent]

    def hang(self) -> None:
        """The endpoint owes the answer to the oldest initialize for long."""
        self.hung.append(self.kept.pop(0))

    def answer_hung(self) -> None:
        """It is answered with the others after all."""
        self.kept.append(self.hung.pop(0))

    def open(self, tag: bytes) -> str:
        """The endpoint answered it; returns the endpoint."""
        uid = self.kept.pop(0)
        self.ledger.open(tag, self.group_of(uid), uid, self._clock.now)
        self._give_back(uid)
        return uid

    def fail_to_open(self) -> None:
        """The endpoint refused it."""
        self._give_back(self.kept.pop(0))

    def _give_back(self, uid: str) -> None:
        group = self.group_of(uid)
        assert group.slots is not None
        group.session_closed(uid)
        group.slots.give_back(uid)

    def touch(self, tag: bytes, uid: str) -> None:
        self.ledger.touch(tag, self.group_of(uid), uid, self._clock.now)

    @property
    def known(self) -> set[bytes]:
        """The sessions that it counts."""
        return {tag for tag, _ in self.ledger}

    def forget_idle(self, tag: bytes) -> None:
        self.ledger._forget(tag, over=False)

    def report(self) -> None:
        """Put what is new on its way."""
        if self.is_connected:
            facts = ReplicaFacts(self.pod.name, "digest", ("key",), 0)
            reports = self.guided.reports(facts, whole=not self.told_whole)
            self.told_whole = True
            self.up.extend(encode_report(report) for report in reports)

    def hear(self) -> None:
        """One guidance arrives."""
        if self.down:
            self.guided.take(decode_guidance(self.down.popleft()))
            self.heard_at = self._clock.now

    def connect(self) -> None:
        self.is_connected, self.told_whole = True, False
        self.guided.connected()

    def disconnect(self) -> None:
        self.is_connected = False
        self.guided.disconnected()
        self.up.clear()
        self.down.clear()


class Clock:
    """Simulated seconds."""

    def __init__(self) -> None:
        self.now = 1000.0


class Network:
    """Everything, and what really lives on the endpoints."""

    def __init__(
        self,
        random: Random,
        *,
        replicas: int,
        endpoints: int,
        per_pod: int,
        groups: Sequence[str] = ("servers",),
    ) -> None:
        self.random = random
        self.clock = Clock()
        self.per_pod = per_pod
        self.served = table(endpoints, per_pod, replicas, groups)
        rules = GroupRules(per_pod, 3600)
        self.rules = {ResourceName(GATEWAY.namespace, name): rules for name in groups}
        self.leader = DemandLedger(self, self.clock.now - PROMISE_SECONDS)
        """The first one there ever was, and settled: nobody was promised anything before."""
        self._made = 0
        self.replicas = [self._new_replica() for _ in range(replicas)]
        self.live: dict[bytes, str] = {}
        """Sessions that really live, and on which endpoint."""
        self._tags = self._moves = 0
        self.told_to_leader: set[bytes] = set()
        self._once_told: set[bytes] = set()
        """To this leader or to a former one."""
        self.unheard: dict[GatewayPod, int] = {}
        """Pods that know what this leader does not, until the report of that number is heard."""

    def served_by(self, gateway: ResourceName) -> Mapping[ResourceName, GroupRules]:
        return self.rules

    def _new_replica(self) -> SimulatedReplica:
        self._made += 1
        made = SimulatedReplica(self._made, self.served, self.clock)
        made.connect()
        return made

    # what happens

    def step(self) -> None:
        """One thing happens somewhere."""
        one = self.random.choice(self.replicas)
        happenings = {
            self.initialize: 30,
            self.answer: 30,
            self.hang: 8,
            self.answer_hung: 2,
            self.silence: 2,
            self.answer_again: 4,
            self.use_session: 10,
            self.end_session: 14,
            self.forget_idle: 2,
            SimulatedReplica.report: 20,
            self.deliver_up: 30,
            SimulatedReplica.hear: 30,
            self.pass_time: 10,
            self.break_connection: 3,
            self.kill: 1,
            self.surge: 2,
            self.retire: 2,
            self.change_leader: 1,
            self.move_endpoint: 2,
            self.take_table: 8,
        }
        (happening,) = self.random.choices(list(happenings), list(happenings.values()))
        happening(one)

    def initialize(self, one: SimulatedReplica) -> None:
        one.keep_place(self.random.choice(self.served.groups).name)

    def hang(self, one: SimulatedReplica) -> None:
        """An endpoint of the first group owes an answer for long; those of others never do."""
        if one.kept and one.group_of(one.kept[0]) is one.group:
            one.hang()

    def answer_hung(self, one: SimulatedReplica) -> None:
        if one.hung:
            one.answer_hung()

    def silence(self, one: SimulatedReplica) -> None:
        """A server is busy, so that no replica's ping is answered; or only one's is lost."""
        endpoint = self.random.choice(self.random.choice(self.served.groups).endpoints)
        for each in self.replicas if self.random.random() < 0.8 else [one]:
            each.fall_silent(endpoint.uid)

    def answer_again(self, one: SimulatedReplica) -> None:
        """A replica notices that a server answers again."""
        silent = one.silent()
        if silent:
            one.begin(self.random.choice(silent))

    def answer(self, one: SimulatedReplica) -> None:
        """An initialize is answered, mostly with a session."""
        if one.kept and self.random.random() < 0.1:
            one.fail_to_open()
        elif one.kept:
            self._tags += 1
            tag = self._tags.to_bytes(8, "big")
            self.live[tag] = one.open(tag)

    def use_session(self, one: SimulatedReplica) -> None:
        """Any replica may get a session's next request."""
        if self.live:
            tag = self.random.choice(list(self.live))
            one.touch(tag, self.live[tag])

    def end_session(self, one: SimulatedReplica) -> None:
        if self.live:
            tag = self.random.choice(list(self.live))
            one.touch(tag, self.live.pop(tag))
            one.ledger.forget(tag)

    def forget_idle(self, one: SimulatedReplica) -> None:
        """A replica has not seen a session for too long; if no other one has, it is over.

        So long is longer than what it began with stays untold, be it to a former leader.
        """
        held = [tag for tag, _ in one.ledger if tag in self._once_told]
        if held:
            tag = self.random.choice(held)
            one.forget_idle(tag)
            if not any(tag in each.known for each in self.replicas):
                self.live.pop(tag, None)

    def deliver_up(self, one: SimulatedReplica) -> None:
        """A report arrives; its answer and what concerns others is put on its way."""
        if one.up:
            self._take_in(one, decode_report(one.up.popleft()))

    def _take_in(self, one: SimulatedReplica, report: DemandReport) -> None:
        heard = self.leader.hear(one.pod, report, self.clock.now)
        if not report.more and report.seq >= self.unheard.get(one.pod, 0):
            self.unheard.pop(one.pod, None)
        for group in report.groups.values():
            for endpoint in group.endpoints.values():
                self.told_to_leader.update(map(_tag, (*endpoint.opened, *endpoint.seen)))
                self._once_told |= self.told_to_leader
                self.told_to_leader -= set(map(_tag, endpoint.idle)) - self._counted_by_leader()
        self._tell(one, answer=True)
        for other in self.replicas:
            if other.pod in heard.to_guide and self.random.random() < 0.9:
                self._tell(other, answer=False)

    def _counted_by_leader(self) -> set[bytes]:
        groups = self.leader._groups.values()
        return {_tag(tag) for group in groups for at in group.endpoints.values() for tag in at.tags}

    def _tell(self, one: SimulatedReplica, *, answer: bool) -> None:
        guidance: Guidance | None
        while guidance := self.leader.guidance(one.pod, self.clock.now, answer=answer):
            one.down.append(encode_guidance(guidance))
            answer = False

    def pass_time(self, one: SimulatedReplica) -> None:
        seconds = self.random.uniform(0.1, 3.0)
        for each in self.replicas:
            if self.clock.now + seconds - each.heard_at > LONGEST_SILENCE_SECONDS:
                self.exchange(each)
        self.clock.now += seconds
        self.leader.expire(self.clock.now)

    def break_connection(self, one: SimulatedReplica) -> None:
        one.disconnect()
        self.leader.vanish(one.pod, self.clock.now, may_live_on=True)
        one.connect()

    def kill(self, one: SimulatedReplica) -> None:
        """A pod is gone at once; a new one comes."""
        self._lose(one)
        self.replicas.append(self._new_replica())

    def _lose(self, one: SimulatedReplica) -> None:
        """A pod is gone at once; its sessions live on."""
        self.leader.vanish(one.pod, self.clock.now, may_live_on=True)
        told = self.told_to_leader
        if one.pod in self.unheard:  # what it opened others may have seen and not yet told
            self._expect_all_anew()
            del self.unheard[one.pod]
        self.replicas.remove(one)
        self._lose_unknown(told)

    def surge(self, one: SimulatedReplica) -> None:
        """A rollout begins: a pod more than there should be."""
        if len(self.replicas) == self.served.replicas:
            self.replicas.append(self._new_replica())

    def retire(self, one: SimulatedReplica) -> None:
        """A rollout goes on: a former pod is gone."""
        if len(self.replicas) > self.served.replicas:
            self._lose(one)

    def change_leader(self, one: SimulatedReplica) -> None:
        self.leader = DemandLedger(self, self.clock.now)
        if self.random.random() < 0.7:
            there = frozenset((each.pod.gateway, each.pod.name) for each in self.replicas)
            self.leader.expect(there, self.clock.now)
        self.told_to_leader = set()
        self._expect_all_anew()
        self._lose_unknown(set())
        for each in self.replicas:
            each.disconnect()
            each.connect()

    def move_endpoint(self, one: SimulatedReplica) -> None:
        """An endpoint is elsewhere, or all of a group are spoken to otherwise; all the same its
        sessions live on. Each replica hears of it in its own time."""
        self._moves += 1
        group = self.random.choice(self.served.groups)
        moved = self.random.choice(group.endpoints)
        if self.random.random() < 0.3:
            changed = replace(group, tls=UpstreamTls(server_name=f"server-{self._moves}"))
        else:
            url = self.random.choice([f"http://10.1.0.0:{self._moves}/mcp", f"{moved.url}x"])
            elsewhere = [
                replace(each, url=url) if each is moved else each for each in group.endpoints
            ]
            changed = replace(group, endpoints=tuple(elsewhere))
        groups = tuple(changed if each is group else each for each in self.served.groups)
        self.served = replace(self.served, groups=groups)

    def take_table(self, one: SimulatedReplica) -> None:
        """A replica hears of the newest table."""
        if one.served is not self.served:
            one.serve(self.served)

    def _expect_all_anew(self) -> None:
        """What is on its way already may have been written too early."""
        self.unheard = {each.pod: each.guided._count.next_seq for each in self.replicas}

    def _lose_unknown(self, told: set[bytes]) -> None:
        """What nobody knows who is left, nobody can count: it takes two faults at once."""
        known = told.union(*(each.known for each in self.replicas))
        for tag in self.live.keys() - known:
            del self.live[tag]

    # what can be brought about

    def exchange(self, one: SimulatedReplica) -> None:
        """Report, answer, and all that is on its way, without a fault."""
        one.report()
        while one.up:
            self.deliver_up(one)
        while one.down:
            one.hear()

    def may_live(self, uid: str) -> int:
        """What lives on an endpoint, and what replicas may still open there."""
        slots = [slots for one in self.replicas if (slots := one.group_of(uid).slots) is not None]
        opening = sum((*one.kept, *one.hung).count(uid) for one in self.replicas)
        left = sum(max(0, each.left(uid)) for each in slots)
        return self.sessions_by_endpoint()[uid] + opening + left

    def sessions_by_endpoint(self) -> dict[str, int]:
        """What really lives where."""
        uids = [endpoint.uid for group in self.served.groups for endpoint in group.endpoints]
        return {uid: sum(1 for at in self.live.values() if at == uid) for uid in uids}


def _tag(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=")

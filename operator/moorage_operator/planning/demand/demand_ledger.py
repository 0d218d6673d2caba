"""The demand ledger: what all gateway pods report, together, and what each of them is told (pure).

Time is an argument: monotonic seconds. A new leader begins with an empty one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Set

from moorage_contract.report_channel import (
    MAX_ENDED_PER_GUIDANCE,
    MAX_ENDPOINTS_PER_GUIDANCE,
    PROMISE_SECONDS,
    DemandReport,
    EndpointGuidance,
    GroupReport,
    Guidance,
)
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.demand.claims import (
    MAX_UNACKNOWLEDGED,
    DemandRefused,
    Held,
    require_measure,
)
from moorage_operator.planning.demand.connection import (
    Connection,
    Heard,
    counts,
    gives_back,
    group_of,
    in_force,
)
from moorage_operator.planning.demand.ended_sessions import EndedSessions
from moorage_operator.planning.demand.gateway_pod import GatewayPod
from moorage_operator.planning.demand.giving_way import give_way
from moorage_operator.planning.demand.group_of_pods import GroupOfPods
from moorage_operator.planning.demand.guiding import Occasion, guide
from moorage_operator.planning.demand.served_groups import GroupRules, ServedGroups
from moorage_operator.planning.demand.settling import PodNames, Settling
from moorage_operator.planning.route_table import table_name
from moorage_operator.planning.snapshot import GatewayPodReport, GroupDemand


class DemandLedger:
    """All that the leader knows from reports."""

    def __init__(self, served: ServedGroups, leading_since: float) -> None:
        self._served = served
        self._settling = Settling(leading_since)
        self._groups: dict[ResourceName, GroupOfPods] = {}
        self._connections: dict[GatewayPod, Connection] = {}
        self._held = Held()

    def expect(self, pods: PodNames, now: float) -> frozenset[GatewayPod]:
        """The gateway pods that there are; those that must be told something by that."""
        was_over = self._settling.is_over(now)
        self._settling.expect(pods)
        return self._all_if_settled(was_over, now)

    # what plans are made from

    def reports(self, gateway: ResourceName) -> tuple[GatewayPodReport, ...]:
        """What the connected pods of a gateway last told, by name."""
        pods = sorted(pod for pod in self._connections if pod.gateway == gateway)
        sessions = self._each_session_once(pods)
        return tuple(_pod_report(pod, self._connections[pod].last, sessions[pod]) for pod in pods)

    def _each_session_once(self, pods: list[GatewayPod]) -> Counter[GatewayPod]:
        """How many sessions each pod counts that none before it does: together the union."""
        counts: Counter[GatewayPod] = Counter()
        for group in self._groups.values():
            if group.pods.keys().isdisjoint(pods):
                continue
            for endpoint in group.endpoints.values():
                endpoint.count_each_once(pods, counts)
        return counts

    def demand(self, group: ResourceName) -> GroupDemand:
        """What all connected gateways together know of a group."""
        known = self._groups.get(group)
        return known.demand() if known is not None else GroupDemand()

    @property
    def sessions(self) -> int:
        """Session tags in all."""
        return sum(group.sessions for group in self._groups.values())

    # what pods say

    def hear(self, pod: GatewayPod, report: DemandReport, now: float) -> Heard:
        """Take in a report. Raises DemandRefused, and has taken in nothing then."""
        self._require_sense(pod, report)
        before = self._connections.get(pod) if not report.whole else None
        connection = before or Connection(report)
        # Of two pods that are equal the key is the former one's, with its service account.
        self._connections.pop(pod, None)
        self._connections[pod] = connection
        known = connection.last if before else None
        connection.hear(report)
        served = self._rules_of(pod)
        told = {group_of(name, pod.gateway): news for name, news in report.groups.items()}
        connection.not_served |= (told.keys() | self._groups_of(pod)) - served.keys()
        news = {name: told[name] for name in told.keys() & served.keys()}
        touched = news.keys() | self._groups_of(pod)
        judged = [name for name in touched if report.whole or _tells_of_handshakes(news.get(name))]
        verdicts, sessions = self._verdicts(judged), self._sessions(touched)
        came = news.keys() - self._groups_of(pod)
        full = {name for name in touched if name in self._groups and self._groups[name].is_full}
        if report.whole:
            # Of what comes in a later piece the former word holds, should this connection break.
            self._vanish(pod, self._groups, now, may_live_on=report.more)
        self._vanish(pod, self._groups_of(pod) - served.keys(), now)
        self._hear_groups(pod, report, {name: (served[name], news[name]) for name in news}, now)
        if known is not None and known.more and not report.more:
            for group in self._groups.values():
                group.forget_former(pod, now)
        was_over = self._settling.is_over(now)
        if not report.more:
            self._settling.hear(pod)
        changed = _differences(verdicts, self._verdicts(judged))
        freed = {name for name in full if not self._groups[name].is_full}
        if gives_back(known, report):
            freed |= self._groups_of(pod)
        return Heard(
            in_force=in_force(known) != in_force(report),
            counts=counts(known) != counts(report),
            verdicts=changed,
            sessions=_differences(sessions, self._sessions(touched)),
            to_guide=self._concerned(pod, changed | freed | came)
            | self._appoint(touched & self._groups.keys(), now) - {pod}
            | self._all_if_settled(was_over, now) - {pod},
        )

    def _all_if_settled(self, was_over: bool, now: float) -> frozenset[GatewayPod]:
        """Everybody, if there is more to share out from this moment on."""
        is_over = self._settling.is_over(now)
        return frozenset(self._connections) if is_over and not was_over else frozenset()

    def _rules_of(self, pod: GatewayPod) -> Mapping[ResourceName, GroupRules]:
        """The groups that its gateway serves; as last known while nobody can say."""
        served = self._served.served_by(pod.gateway)
        if served is None:
            return {name: self._groups[name].rules for name in self._groups_of(pod)}
        return served

    def _require_sense(self, pod: GatewayPod, report: DemandReport) -> None:
        if pod not in self._connections and not report.whole:
            raise DemandRefused("the first report of a connection must be whole")
        connection = self._connections.get(pod)
        if connection is not None:
            require_measure(connection, report)
        sessions, endpoints = self._new(pod, report)
        give_way(pod, sessions, self._held, self._ended_in_groups)
        self._held.require_room(pod, sessions, endpoints)

    def _ended_in_groups(self) -> Iterable[EndedSessions]:
        return (group.ended for group in self._groups.values())

    def _new(self, pod: GatewayPod, report: DemandReport) -> tuple[int, int]:
        """How many sessions and endpoints more it would be charged for."""
        sessions = endpoints = 0
        for named, told in report.groups.items():
            group = self._groups.get(group_of(named, pod.gateway))
            for uid, news in told.endpoints.items():
                known = group.endpoints.get(uid) if group is not None else None
                facts = (len(news.opened) + len(news.seen), 1)
                if known is not None:
                    facts = known.new_facts(pod, news)
                sessions, endpoints = sessions + facts[0], endpoints + facts[1]
        return sessions, endpoints

    def _hear_groups(
        self,
        pod: GatewayPod,
        report: DemandReport,
        news: Mapping[ResourceName, tuple[GroupRules, GroupReport]],
        now: float,
    ) -> None:
        for name, (rules, told) in news.items():
            group = self._groups.setdefault(name, GroupOfPods(rules, self._held))
            group.rules = rules
            group.hear(pod, report.seq, told, now)
        for name in self._groups_of(pod):
            self._groups[name].acknowledge(pod, report.guidance_seq, complete=not report.more)
            if report.closed:
                self._groups[name].close(pod)

    def _concerned(self, pod: GatewayPod, changed: Set[ResourceName]) -> frozenset[GatewayPod]:
        """Others whose groups ``changed``, or who wait for slots that this pod may have left."""
        groups = [
            self._groups[name]
            for name in self._groups_of(pod)
            if name in changed or self._groups[name].someone_waits
        ]
        return frozenset(other for group in groups for other in group.pods) - {pod}

    def vanish(self, pod: GatewayPod, now: float, *, may_live_on: bool) -> frozenset[ResourceName]:
        """The pod's connection ended; returns its groups.

        ``may_live_on``: it did not say that it ends, and may open what it was promised.
        """
        self._connections.pop(pod, None)
        groups = frozenset(self._groups_of(pod))
        self._vanish(pod, groups, now, may_live_on=may_live_on)
        return groups

    def expire(self, now: float) -> frozenset[ResourceName]:
        """Forget what nobody has told of for too long; the groups whose sessions are fewer."""
        before = self._sessions(self._groups)
        for name, group in tuple(self._groups.items()):
            group.expire(now, PROMISE_SECONDS)
            if not group.pods and not group.endpoints:
                self._groups.pop(name).ended.forget_all()
        return _differences(before, self._sessions(before))

    def appoint(self, now: float) -> frozenset[GatewayPod]:
        """See that one pod verifies each new endpoint; returns who must be told so."""
        return self._appoint(self._groups, now)

    def _appoint(self, names: Iterable[ResourceName], now: float) -> frozenset[GatewayPod]:
        return frozenset().union(*(self._groups[name].appoint(now) for name in names))

    def to_be_heard_anew(self) -> frozenset[GatewayPod]:
        """Pods that reported of a group before it was known that their gateway serves it."""
        return frozenset(
            pod
            for pod, connection in self._connections.items()
            if connection.not_served
            and connection.not_served & (self._served.served_by(pod.gateway) or {}).keys()
        )

    # what pods are told

    def guidance(self, pod: GatewayPod, now: float, *, answer: bool) -> Guidance | None:
        """What the pod is told now; as an ``answer`` at least that its report was heard.

        There may be more: ask until it is None. Nothing is told before the end of a report.
        """
        connection = self._connections.get(pod)
        if connection is None or connection.last.more:
            return None
        groups = {}
        if len(connection.unacknowledged) < MAX_UNACKNOWLEDGED:
            groups = self._guide(pod, connection, now)
            connection.told_of_all = True
        if not groups and not answer:
            return None
        connection.guidance_seq += 1
        if groups:
            connection.unacknowledged.append(connection.guidance_seq)
        return Guidance(seq=connection.guidance_seq, report_seq=connection.last.seq, groups=groups)

    def _guide(
        self, pod: GatewayPod, connection: Connection, now: float
    ) -> dict[str, dict[str, EndpointGuidance]]:
        room, groups = MAX_ENDPOINTS_PER_GUIDANCE, {}
        ended = 0
        for name in sorted(self._groups_of(pod)):
            if not room or ended >= MAX_ENDED_PER_GUIDANCE:
                break
            group = self._groups[name]
            occasion = Occasion(
                guidance_seq=connection.guidance_seq + 1,
                report_seq=connection.last.seq,
                first=not connection.told_of_all,
                settling=not self._settling.is_over(now),
                endpoints_at_most=room,
            )
            if told := guide(group, pod, occasion):
                groups[table_name(name, pod.gateway.namespace)] = told
                room -= len(told)
                ended += sum(len(each.ended) for each in told.values())
        return groups

    # the groups

    def _groups_of(self, pod: GatewayPod) -> set[ResourceName]:
        return {name for name, group in self._groups.items() if pod in group.pods}

    def _vanish(
        self,
        pod: GatewayPod,
        groups: Iterable[ResourceName],
        now: float,
        *,
        may_live_on: bool = False,
    ) -> None:
        for name in groups:
            self._groups[name].vanish(pod, now, may_live_on=may_live_on)

    def _sessions(self, names: Iterable[ResourceName]) -> dict[ResourceName, object]:
        groups = self._groups
        return {name: groups[name].sessions if name in groups else 0 for name in names}

    def _verdicts(self, names: Iterable[ResourceName]) -> dict[ResourceName, object]:
        return {name: self.demand(name).verdicts for name in names}


def _pod_report(pod: GatewayPod, report: DemandReport, sessions: int) -> GatewayPodReport:
    return GatewayPodReport(
        pod=pod.name,
        table_digest=report.table_digest,
        key_ids=frozenset(report.key_ids),
        sessions=sessions,
        streams=report.streams,
        account_uid=pod.account_uid,
        stopping=report.stopping,
        unfollowed=report.unfollowed,
        certificate_refused=report.certificate_refused,
    )


def _tells_of_handshakes(news: GroupReport | None) -> bool:
    return news is not None and (
        bool(news.gone)
        or any(endpoint.handshake is not None for endpoint in news.endpoints.values())
    )


def _differences(
    before: Mapping[ResourceName, object], after: Mapping[ResourceName, object]
) -> frozenset[ResourceName]:
    return frozenset(name for name in before if before[name] != after[name])

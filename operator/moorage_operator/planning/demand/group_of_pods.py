"""One upstream group as the pods of all its gateways together know it (pure)."""

from collections import Counter

from moorage_contract.report_channel import GroupReport
from moorage_operator.planning.demand.claims import Held
from moorage_operator.planning.demand.ended_sessions import EndedSessions
from moorage_operator.planning.demand.endpoint_demand import EndpointDemand
from moorage_operator.planning.demand.gateway_pod import GatewayPod, Wants
from moorage_operator.planning.demand.served_groups import GroupRules
from moorage_operator.planning.demand.sharing import Order
from moorage_operator.planning.snapshot import EndpointVerdict, GroupDemand

UNSERVED_SECONDS = 300.0
"""So long the sessions of a group count that no pod of any gateway serves any more."""


class GroupOfPods:
    """Its endpoints, and who serves it."""

    def __init__(self, rules: GroupRules, held: Held) -> None:
        self.rules = rules
        self._held = held
        self.ended = EndedSessions(held)
        self.endpoints: dict[str, EndpointDemand] = {}
        self.pods: dict[GatewayPod, Wants] = {}
        """Connected pods, with what each wanted in its last report."""
        self.incomplete: set[GatewayPod] = set()
        """Those of whose first report the rest is still to come."""
        self.closed: set[GatewayPod] = set()
        """Those that no client reaches any more: they open nothing and need no slots."""
        self._unserved_since: float | None = None
        self._order: Order | None = None
        """None: it may be another now."""

    @property
    def someone_waits(self) -> bool:
        """Whether a request waits for a slot."""
        return any(wants.held for wants in self.pods.values())

    @property
    def order(self) -> Order:
        """Who takes slots first."""
        if self._order is None:
            takers = self.pods.keys() - self.closed
            self._order = Order(sorted(takers, key=lambda one: (self.pods[one].rank, one)))
        return self._order

    @property
    def sessions(self) -> int:
        """The size of the union of all tags."""
        return sum(len(endpoint.tags) for endpoint in self.endpoints.values())

    @property
    def is_full(self) -> bool:
        """Whether no endpoint takes another session."""
        per_pod = self.rules.per_pod
        return all(len(endpoint.tags) >= per_pod for endpoint in self.endpoints.values())

    def hear(self, pod: GatewayPod, report_seq: int, news: GroupReport, now: float) -> None:
        """Take in what a report tells."""
        wants = Wants(news.held, news.arrivals)
        if self.pods.get(pod) != wants:
            self.pods[pod] = wants
            self._order = None
        self._unserved_since = None
        for uid in news.gone:
            if uid in self.endpoints:
                self.endpoints[uid].leave(pod, now)
        for uid, told in news.endpoints.items():
            endpoint = self.endpoints.get(uid)
            if endpoint is None:
                endpoint = EndpointDemand(pod, self._held, self.ended)
                self.endpoints[uid] = endpoint
            endpoint.hear(pod, report_seq, told, now, slots_at_most=self.rules.per_pod)

    def acknowledge(self, pod: GatewayPod, guidance_seq: int, *, complete: bool) -> None:
        """The pod goes by that guidance; ``complete``: nothing of its report is to come.

        Until then it may still tell of an endpoint what it keeps there beyond the guidance.
        """
        if not complete:
            self.incomplete.add(pod)
            return
        self.incomplete.discard(pod)
        for endpoint in self.endpoints.values():
            if pod in endpoint.pods:
                endpoint.acknowledge(pod, guidance_seq)

    def close(self, pod: GatewayPod) -> None:
        """No client reaches the pod any more."""
        self.closed.add(pod)
        self._order = None

    def vanish(self, pod: GatewayPod, now: float, *, may_live_on: bool = False) -> None:
        """Nobody hears of the pod any more."""
        if self.pods.pop(pod, None) is not None and not self.pods:
            self._unserved_since = now
        self._order = None
        self.incomplete.discard(pod)
        self.closed.discard(pod)
        self.ended.taken_by(pod)
        for endpoint in self.endpoints.values():
            endpoint.vanish(pod, now, may_live_on=may_live_on)

    def forget_former(self, pod: GatewayPod, now: float) -> None:
        """The pod has told all anew."""
        for endpoint in self.endpoints.values():
            endpoint.forget_former(pod, now)

    def appoint(self, now: float) -> frozenset[GatewayPod]:
        """See that one pod verifies each endpoint that is new; returns who must be told so."""
        busy = Counter(each.verifier for each in self.endpoints.values() if each.verifier)
        concerned: set[GatewayPod] = set()
        for endpoint in self.endpoints.values():
            if told := endpoint.appoint(busy, now):
                concerned |= told
                busy.update(each for each in (endpoint.verifier,) if each is not None)
        return frozenset(concerned)

    def expire(self, now: float, promise_seconds: float) -> None:
        """Forget what nobody has told of for too long."""
        since = self._unserved_since
        nobody_comes_back = since is not None and now - since > UNSERVED_SECONDS
        self.ended.expire(now)
        idle_seconds = 0.0 if nobody_comes_back else self.rules.idle_seconds
        for uid, endpoint in tuple(self.endpoints.items()):
            endpoint.expire(now, idle_seconds, promise_seconds)
            nobody_has_it = endpoint.is_given_up(now, promise_seconds)
            if nobody_has_it and (self.pods or not endpoint.tags):
                self.endpoints.pop(uid).forget_all()

    def demand(self) -> GroupDemand:
        """What the operator's plans are told."""
        verdicts = (
            EndpointVerdict(
                uid, decided.state == "ready", decided.versions, decided.why, endpoint.name
            )
            for uid, endpoint in sorted(self.endpoints.items())
            if (decided := endpoint.decided) is not None
        )
        return GroupDemand(sessions=self.sessions, verdicts=tuple(verdicts))

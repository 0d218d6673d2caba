"""One endpoint as all gateway pods together know it: its sessions and who may open more (pure).

Always: live sessions ≤ ``len(tags) + promised``. So sessions stay within the group's ``perPod``
as long as nothing is promised beyond it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import takewhile

from moorage_contract.report_channel import EndpointGuidance, EndpointReport, Handshake
from moorage_operator.planning.demand.appointment import Appointment
from moorage_operator.planning.demand.claims import Held
from moorage_operator.planning.demand.ended_sessions import EndedSessions
from moorage_operator.planning.demand.gateway_pod import GatewayPod
from moorage_operator.planning.demand.promises import Promise, Promises
from moorage_operator.planning.demand.sharing import Order
from moorage_operator.planning.demand.verdicts import decisive


class SessionTag:
    """One live session."""

    __slots__ = ("bringer", "holders", "opener", "seq")

    def __init__(self, bringer: GatewayPod) -> None:
        self.bringer = bringer
        self.holders = 0
        """Live pods that count it."""
        self.opener: Promises | None = None
        """By whose promises it was opened; None where no present connection told it."""
        self.seq = 0
        """The opener's report that told it."""


@dataclass(slots=True)
class PodAtEndpoint:
    """What one pod knows of the endpoint, and what it was told."""

    handshake: Handshake = field(default_factory=Handshake)
    tags: set[str] = field(default_factory=set)
    promises: Promises = field(default_factory=Promises)
    told: EndpointGuidance | None = None
    """None: nothing of the endpoint as it is now."""
    vanished_at: float | None = None
    """Since then nobody hears of it; it may live on and open what it was promised."""


class EndpointDemand:
    """Tags, promises and handshakes of one endpoint."""

    def __init__(self, bringer: GatewayPod, held: Held, ended: EndedSessions) -> None:
        """``bringer`` told of it first."""
        self._bringer, self._held = bringer, held
        held.endpoints.charge(bringer)
        self.tags: dict[str, SessionTag] = {}
        self.name = ""
        """What people call it, as far as a pod has told."""
        self.pods: dict[GatewayPod, PodAtEndpoint] = {}
        self._appointment = Appointment()
        self._orphans: dict[str, float] = {}
        """Tags that no live pod counts, and since when, oldest first."""
        self._let_go: dict[str, float] = {}
        """Tags that the last pod that told of them forgot as idle, and when, oldest first. Another
        one that is not heard at this moment may see them: they count until it must have told."""
        self._ended = ended
        # Remembered until a pod says otherwise: most reports change nothing.
        self._promised: tuple[int, int] | None = None
        self._shared_in: tuple[Order, frozenset[GatewayPod], Order] | None = None
        self._looked_at = False
        self._decided: Handshake | None = None
        self._words: dict[str, Handshake] = {}
        """Successes, by where and how the endpoint is spoken to."""
        self._waiting: dict[GatewayPod, Handshake] = {}
        """Pods that know nothing good of it, and for whom there is no word."""
        self._takers: frozenset[GatewayPod] = frozenset()

    @property
    def promised(self) -> int:
        """What all pods together may still open."""
        return self._reckoned[0]

    @property
    def promised_to_vanished(self) -> int:
        """What pods may still open of which nobody hears: it cannot be shared out meanwhile."""
        return self._reckoned[1]

    @property
    def _reckoned(self) -> tuple[int, int]:
        if self._promised is None:
            of_all = of_vanished = 0
            for known in self.pods.values():
                outstanding = known.promises.outstanding
                of_all += outstanding
                of_vanished += outstanding if known.vanished_at is not None else 0
            self._promised = of_all, of_vanished
        return self._promised

    def order(self, of_group: Order) -> Order:
        """Who of its takers takes first."""
        takers, known = self.takers, self._shared_in
        if known is None or known[0] is not of_group or known[1] is not takers:
            known = self._shared_in = of_group, takers, of_group.among(takers)
        return known[2]

    def live(self) -> list[GatewayPod]:
        """The connected pods that have the endpoint in their table."""
        return [pod for pod, known in self.pods.items() if known.vanished_at is None]

    def count_each_once(self, pods: Iterable[GatewayPod], counts: Counter[GatewayPod]) -> None:
        """Add to ``counts`` the sessions that each of ``pods`` knows and none before it does."""
        counted: set[str] = set()
        for pod in pods:
            if pod in self.pods and (tags := self.pods[pod].tags):
                counts[pod] += len(tags - counted) if counted else len(tags)
                counted = counted | tags if counted else tags

    @property
    def decided(self) -> Handshake | None:
        """The handshake that decides what is said of it; None while nothing is known."""
        self._look_at_pods()
        return self._decided

    def word_for(self, known: Handshake) -> Handshake | None:
        """A success of one that speaks with the endpoint as this pod does.

        While a change spreads some still speak with the former place: that says nothing of the new.
        """
        self._look_at_pods()
        return self._words.get(known.spoken_to)

    @property
    def takers(self) -> frozenset[GatewayPod]:
        """The connected pods that could open a session there, as far as is known.

        One that all find down may be busy only, and is given new sessions all the same.
        """
        self._look_at_pods()
        return self._takers

    @property
    def verifier(self) -> GatewayPod | None:
        """Who shakes hands with it for all; None once somebody has."""
        return self._appointment.pod

    def appoint(self, busy: Counter[GatewayPod], now: float) -> frozenset[GatewayPod]:
        """See that somebody verifies it, who is no more ``busy`` than others; who must be told."""
        decided, before = self.decided, self.verifier
        if not self._waiting and decided is not None and decided.state == "ready":
            if before is not None:
                self._appointment = Appointment()
            return frozenset()
        if not self._appointment.settle(self._waiting, busy, now):
            return frozenset()
        return frozenset(pod for pod in (before, self.verifier) if pod is not None)

    def _look_at_pods(self) -> None:
        if self._looked_at:
            return
        known = {pod: self.pods[pod].handshake for pod in self.live()}
        self._decided = decisive(known.values())
        self._words = {each.spoken_to: each for each in known.values() if each.state == "ready"}
        self._waiting = {
            pod: each
            for pod, each in known.items()
            if each.state == "verifying" and each.spoken_to not in self._words
        }
        able = frozenset(pod for pod in known if not _has_failed(known[pod]))
        self._takers = able or frozenset(known)
        self._looked_at = True

    def hear(
        self,
        pod: GatewayPod,
        report_seq: int,
        news: EndpointReport,
        now: float,
        *,
        slots_at_most: int,
    ) -> None:
        """Take in what a report says; the first one also says what the pod may still open."""
        self._promised = None
        known = self.pods.get(pod)
        if known is None or known.vanished_at is not None:
            if known is None and pod != self._bringer:
                self._held.endpoints.charge(pod)
            slots = min(news.slots, slots_at_most)
            known = self.pods[pod] = PodAtEndpoint(promises=Promises(slots, report_seq))
            self._looked_at = False
        if news.anew:
            known.told = None
        self.name = self.name or news.name
        if news.handshake is not None:
            known.handshake = news.handshake
            self._looked_at = False
        known.promises.kept = min(news.kept, slots_at_most)
        for tag in news.ended:
            self._end(pod, tag, now)
        for tag in news.seen:
            self._hold(pod, tag)
        for tag in news.opened:
            self._open(pod, tag, report_seq)
        for tag in news.idle:
            self._forget_idle(pod, tag, now)

    def tell(self, pod: GatewayPod, promise: Promise, guidance: EndpointGuidance) -> None:
        """The pod is told ``guidance``, and so ``promise``."""
        known = self.pods[pod]
        known.told = guidance
        before = known.promises.outstanding
        known.promises.add(promise)
        self._promises_changed(known.promises.outstanding - before)

    def acknowledge(self, pod: GatewayPod, guidance_seq: int) -> None:
        """The pod goes by that guidance; older promises are over."""
        promises = self.pods[pod].promises
        before = promises.outstanding
        if promises.acknowledge(guidance_seq):
            self._promises_changed(promises.outstanding - before)

    def _promises_changed(self, by: int) -> None:
        """Of one pod that is heard."""
        if self._promised is not None:
            self._promised = self._promised[0] + by, self._promised[1]

    def vanish(self, pod: GatewayPod, now: float, *, may_live_on: bool = False) -> None:
        """Nobody hears of the pod any more: its tags count on until they are idle.

        Where it may live on, what it was promised counts on as well.
        """
        known = self.pods.pop(pod, None)
        if known is None:
            return
        self._promised, self._looked_at = None, False
        for tag in known.tags:
            if self._released(pod, tag):
                self._orphans[tag] = now
        if may_live_on:
            self.pods[pod] = PodAtEndpoint(promises=known.promises, vanished_at=now)
        elif pod != self._bringer:
            self._held.endpoints.charge(pod, -1)

    def forget_former(self, pod: GatewayPod, now: float) -> None:
        """The pod has told all anew: what it was promised on a former connection is over."""
        if pod in self.pods and self.pods[pod].vanished_at is not None:
            self.vanish(pod, now)

    def leave(self, pod: GatewayPod, now: float) -> None:
        """The endpoint left the pod's table, and with it what the pod counted there."""
        tags = tuple(self.pods[pod].tags) if pod in self.pods else ()
        self.vanish(pod, now)
        for tag in tags:
            if self._orphans.pop(tag, None) is not None:
                self._drop(tag)

    def expire(self, now: float, idle_seconds: float, promise_seconds: float) -> bool:
        """Forget what nobody has told of for too long; True if sessions were forgotten."""
        for pod, known in tuple(self.pods.items()):
            if known.vanished_at is not None and now - known.vanished_at > promise_seconds:
                self.vanish(pod, now)
        before = len(self.tags)
        for tag in _older_than(now - idle_seconds, self._orphans):
            del self._orphans[tag]
            self._drop(tag)
        for tag in _older_than(now - promise_seconds, self._let_go):
            del self._let_go[tag]
            self._drop(tag)
        return before != len(self.tags)

    def forget_all(self) -> None:
        """Nobody has it any more."""
        for pod in tuple(self.pods):
            self.vanish(pod, 0.0)
        for tag in tuple(self.tags):
            self._drop(tag)
        self._held.endpoints.charge(self._bringer, -1)

    def new_facts(self, pod: GatewayPod, news: EndpointReport) -> tuple[int, int]:
        """How many sessions and endpoints more a report makes the pod be charged for."""
        known = self.pods.get(pod)
        tags = known.tags if known is not None else ()
        sessions = sum(
            tag not in tags and (tag not in self.tags or self.tags[tag].bringer != pod)
            for tag in (*news.opened, *news.seen)
        )
        return sessions, int(known is None and pod != self._bringer)

    def is_given_up(self, now: float, seconds: float) -> bool:
        """Whether no pod has had it in its table for so long."""
        newest = next(reversed(self._orphans.values()), None)
        return not self.pods and (newest is None or now - newest > seconds)

    def _open(self, pod: GatewayPod, tag: str, report_seq: int) -> None:
        known, session = self.pods[pod], self._hold(pod, tag)
        if session is None:
            known.promises.opened(report_seq)  # another replica has told its end already
            known.promises.ended(report_seq)
        elif session.opener is None:
            session.opener, session.seq = known.promises, report_seq
            known.promises.opened(report_seq)

    def _hold(self, pod: GatewayPod, tag: str) -> SessionTag | None:
        known = self.pods[pod]
        if tag in self._ended:
            self._ended.owe(pod, tag)
            return None
        session = self.tags.get(tag)
        if session is None:
            session = self.tags[tag] = SessionTag(pod)
            self._held.sessions.charge(pod)
        if tag not in known.tags:
            known.tags.add(tag)
            session.holders += 1
            if pod != session.bringer:
                self._held.sessions.charge(pod)
        self._orphans.pop(tag, None)
        self._let_go.pop(tag, None)
        return session

    def _forget_idle(self, pod: GatewayPod, tag: str, now: float) -> None:
        known = self.pods[pod]
        if tag in known.tags:
            known.tags.discard(tag)
            if self._released(pod, tag):
                self._let_go[tag] = now

    def _released(self, pod: GatewayPod, tag: str) -> bool:
        """Whether nobody counts it any more, now that this pod does not."""
        session = self.tags[tag]
        session.holders -= 1
        if pod != session.bringer:
            self._held.sessions.charge(pod, -1)
        return session.holders == 0

    def _end(self, teller: GatewayPod, tag: str, now: float) -> None:
        if tag not in self.tags:
            self._ended.note_unknown(tag, teller, now)
            return
        for pod, known in self.pods.items():
            if tag in known.tags:
                known.tags.discard(tag)
                self._released(pod, tag)
                if pod != teller:
                    self._ended.owe(pod, tag)
        self._orphans.pop(tag, None)
        self._let_go.pop(tag, None)
        self._ended.note(tag, self._drop(tag), now)

    def _drop(self, tag: str) -> GatewayPod:
        """It counts no more; returns who brought it."""
        session = self.tags.pop(tag)
        self._held.sessions.charge(session.bringer, -1)
        if session.opener is not None:
            session.opener.ended(session.seq)
            self._promised = None
        return session.bringer


def _has_failed(handshake: Handshake) -> bool:
    return handshake.state == "down" or (handshake.state == "verifying" and handshake.own)


def _older_than(moment: float, tags: dict[str, float]) -> list[str]:
    """The first ones of ``tags``, which are oldest first."""
    return list(takewhile(lambda tag: tags[tag] < moment, tags))

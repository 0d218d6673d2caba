"""How much of the leader's memory one gateway pod, and one namespace, may take (pure).

A pod that is broken or was taken over can spoil no more than what its own gateway serves. And no
namespace may have more than is left for all others: so there is room for whoever comes, while one
that is alone may take half.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from moorage_contract.report_channel import MAX_GROUPS_PER_REPORT, MAX_PIECES, DemandReport
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.demand.connection import Connection
from moorage_operator.planning.demand.gateway_pod import GatewayPod

MAX_SESSIONS = 400_000
"""In all; past its share a report is refused, and its pod goes on by its own knowledge. A session
that several pods see counts for each of them: each costs memory."""
MAX_ENDPOINTS = 60_000
"""Likewise."""
MAX_SESSIONS_PER_POD = 100_000
"""Of those that count at once: as many as a gateway process counts itself."""
MAX_ENDPOINTS_PER_POD = 10_000
MAX_UNACKNOWLEDGED = 32
"""Guidances: an honest pod names the newest one that it has with each report. One that does not is
told nothing new, as all that it was told may be what it goes by."""


class DemandRefused(Exception):
    """A report that cannot be taken in; the message says what to do and why.

    In this order: a WebSocket's close frame holds 123 bytes (RFC 6455 §5.5).
    """

    def __init__(self, why: str, for_the_log: str = "") -> None:
        """``for_the_log``: what is none of the pod's business, or finds no room there."""
        super().__init__(why)
        self.for_the_log = for_the_log


@dataclass(frozen=True)
class Share:
    """What one namespace has of something that is bounded in all."""

    namespace: str
    own: int
    left: int
    """For everybody."""
    in_all: int
    most: str
    """Who has most, in words."""

    @classmethod
    def of(cls, gateway: ResourceName, had: Mapping[GatewayPod, int], in_all: int) -> "Share":
        """Of the gateway's namespace, where each pod has so many."""
        by_namespace = Counter[str]()
        for pod, number in had.items():
            by_namespace[pod.gateway.namespace] += number
        return cls.among(gateway.namespace, by_namespace, in_all)

    @classmethod
    def among(cls, namespace: str, had: Counter[str], in_all: int) -> "Share":
        """Of a namespace, where each one has so many."""
        most = [f"namespace {name} has most: {n}" for name, n in had.most_common(1)]
        return cls(namespace, had[namespace], in_all - had.total(), in_all, "".join(most))

    def has_room(self, new: int) -> bool:
        """Whether it would have no more than is left then."""
        return has_room(self.own, self.left, new)

    def words(self, kind: str) -> str:
        """Why it has no room."""
        return (
            f"namespace {self.namespace} has {self.own} {kind} of {self.in_all} in all, and may "
            f"have no more than are left for others ({self.left})"
        )


def has_room(own: int, left: int, new: int) -> bool:
    """Whether who has ``own`` would have no more than is left for all others then."""
    return own + new <= left - new


class Account:
    """How much each pod has told of that is held, also past its connection."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._by_pod = Counter[GatewayPod]()
        self._by_namespace = Counter[str]()
        self.total = 0
        """Of all pods together."""

    def charge(self, pod: GatewayPod, number: int = 1) -> None:
        """So much more is held of what it told; less where the number is negative."""
        _add(self._by_pod, pod, number)
        _add(self._by_namespace, pod.gateway.namespace, number)
        self.total += number

    def of_pod(self, pod: GatewayPod) -> int:
        """Of this one."""
        return self._by_pod[pod]

    def of_namespace(self, pod: GatewayPod) -> int:
        """Of all pods of its namespace."""
        return self._by_namespace[pod.gateway.namespace]

    def has_room(self, pod: GatewayPod, most: int, in_all: int) -> bool:
        """For one more of this pod; asked for each of many, so it is by three numbers."""
        own = self.of_namespace(pod)
        return has_room(own, in_all - self.total, 1) and self._by_pod[pod] < most

    def require_room(self, pod: GatewayPod, new: int, most: int, in_all: int) -> None:
        """``most`` for one pod, ``in_all`` for all namespaces. Raises DemandRefused."""
        if not new:
            return
        share, kind = Share.among(pod.gateway.namespace, self._by_namespace, in_all), self._kind
        if not share.has_room(new):
            raise DemandRefused(
                "serve from another namespace too, or lower sessions.idleSeconds: "
                f"{share.own} of {in_all} {kind} here, {share.left} left",
                f"{share.words(kind)}; {share.most}; delete pods that claim what is not",
            )
        if self._by_pod[pod] + new > most:
            raise DemandRefused(
                f"add gateway replicas: one may bring {most} {kind}, this one brought "
                f"{self._by_pod[pod]}",
                "or delete it if it claims what is not",
            )


class Held:
    """What the leader holds, each thing charged to the pod that told it.

    Who tells of a thing first is charged for the thing, each further one for what it told of it.
    """

    def __init__(self) -> None:
        self.sessions = Account("sessions")
        """Also those that ended, while that is remembered or somebody is to be told so."""
        self.remembered_ends = Account("ends")
        """Which of these are ends that are only remembered: they give way to what lives."""
        self.endpoints = Account("endpoints")

    def require_room(self, pod: GatewayPod, sessions: int, endpoints: int) -> None:
        """Raises DemandRefused."""
        self.sessions.require_room(pod, sessions, MAX_SESSIONS_PER_POD, MAX_SESSIONS)
        self.endpoints.require_room(pod, endpoints, MAX_ENDPOINTS_PER_POD, MAX_ENDPOINTS)

    def has_room_for_session(self, pod: GatewayPod) -> bool:
        """Whether one more may be held of what the pod tells."""
        return self.sessions.has_room(pod, MAX_SESSIONS_PER_POD, MAX_SESSIONS)


Key = TypeVar("Key")


def _add(counter: Counter[Key], key: Key, number: int) -> None:
    counter[key] += number
    if not counter[key]:
        del counter[key]


def require_measure(connection: Connection, report: DemandReport) -> None:
    """Nothing grows without end on one connection. Raises DemandRefused."""
    if report.more and connection.pieces >= MAX_PIECES:
        raise DemandRefused(f"delete this pod: a report has more than {MAX_PIECES} pieces")
    if len(connection.not_served) > MAX_GROUPS_PER_REPORT:
        raise DemandRefused(
            f"it told of {len(connection.not_served)} groups that its gateway does not serve; "
            "it may report all anew"
        )

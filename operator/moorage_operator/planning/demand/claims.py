"""How much of the leader's memory one gateway pod, and one namespace, may take (pure).

A pod that is broken or was taken over can spoil no more than what its own gateway serves. And no
namespace may have more than is left for all others: so there is room for whoever comes, while one
that is alone may take half.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from moorage_contract.report_channel import MAX_GROUPS_PER_REPORT, MAX_PIECES, DemandReport
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.demand.connection import Connection
from moorage_operator.planning.demand.gateway_pod import GatewayPod

MAX_SESSIONS = 200_000
"""In all; past its share a report is refused, and its pod goes on by its own knowledge."""
MAX_ENDPOINTS = 40_000
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
        most = [f"namespace {name} has most: {n}" for name, n in by_namespace.most_common(1)]
        own, left = by_namespace[gateway.namespace], in_all - by_namespace.total()
        return cls(gateway.namespace, own, left, in_all, "".join(most))

    def has_room(self, new: int) -> bool:
        """Whether it would have no more than is left then."""
        return self.own + new <= self.left - new

    def words(self, kind: str) -> str:
        """Why it has no room."""
        return (
            f"namespace {self.namespace} has {self.own} {kind} of {self.in_all} in all, and may "
            f"have no more than are left for others ({self.left})"
        )


class Brought:
    """What each pod was the first to tell of, and what still counts: also past its connection."""

    def __init__(self) -> None:
        self.sessions: Counter[GatewayPod] = Counter()
        self.endpoints: Counter[GatewayPod] = Counter()

    def require_room(self, pod: GatewayPod, sessions: int, endpoints: int) -> None:
        """Raises DemandRefused."""
        for kind, brought, new, most, in_all in (
            ("sessions", self.sessions, sessions, MAX_SESSIONS_PER_POD, MAX_SESSIONS),
            ("endpoints", self.endpoints, endpoints, MAX_ENDPOINTS_PER_POD, MAX_ENDPOINTS),
        ):
            if not new:
                continue
            share = Share.of(pod.gateway, brought, in_all)
            if not share.has_room(new):
                raise DemandRefused(
                    "serve from another namespace too, or lower sessions.idleSeconds: "
                    f"{share.own} of {in_all} {kind} here, {share.left} left",
                    f"{share.words(kind)}; {share.most}; delete pods that claim what is not",
                )
            if brought[pod] + new > most:
                raise DemandRefused(
                    f"add gateway replicas: one may bring {most} {kind}, this one brought "
                    f"{brought[pod]}",
                    "or delete it if it claims what is not",
                )


def require_measure(connection: Connection, report: DemandReport) -> None:
    """Nothing grows without end on one connection. Raises DemandRefused."""
    if report.more and connection.pieces >= MAX_PIECES:
        raise DemandRefused(f"delete this pod: a report has more than {MAX_PIECES} pieces")
    if len(connection.not_served) > MAX_GROUPS_PER_REPORT:
        raise DemandRefused(
            f"it told of {len(connection.not_served)} groups that its gateway does not serve; "
            "it may report all anew"
        )

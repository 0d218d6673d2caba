"""How much of the leader's memory one gateway pod may take (pure).

A pod that is broken or was taken over can spoil no more than what its own gateway serves.
"""

from collections import Counter

from moorage_contract.report_channel import MAX_GROUPS_PER_REPORT, MAX_PIECES, DemandReport
from moorage_operator.planning.demand.connection import Connection
from moorage_operator.planning.demand.gateway_pod import GatewayPod

MAX_SESSIONS_PER_POD = 100_000
"""Of those that count at once: as many as a gateway process counts itself."""
MAX_ENDPOINTS_PER_POD = 10_000
MAX_UNACKNOWLEDGED = 1_000
"""Guidances: an honest pod names the newest one that it has with each report."""


class DemandRefused(Exception):
    """A report that cannot be taken in; the message says why and what to do."""


class Brought:
    """What each pod was the first to tell of, and what still counts: also past its connection."""

    def __init__(self) -> None:
        self.sessions: Counter[GatewayPod] = Counter()
        self.endpoints: Counter[GatewayPod] = Counter()

    def require_room(self, pod: GatewayPod, sessions: int, endpoints: int) -> None:
        """Raises DemandRefused."""
        for kind, brought, new, most in (
            ("sessions", self.sessions, sessions, MAX_SESSIONS_PER_POD),
            ("endpoints", self.endpoints, endpoints, MAX_ENDPOINTS_PER_POD),
        ):
            if new and brought[pod] + new > most:
                raise DemandRefused(
                    f"one pod may bring {most} {kind} and this one has brought {brought[pod]}: "
                    "serve with more gateway pods, or delete this one if it claims what is not"
                )


def require_measure(connection: Connection, report: DemandReport) -> None:
    """Nothing grows without end on one connection. Raises DemandRefused."""
    if connection.guidance_seq - report.guidance_seq > MAX_UNACKNOWLEDGED:
        raise DemandRefused(
            f"it has not gone by the last {MAX_UNACKNOWLEDGED} guidances: delete this pod"
        )
    if report.more and connection.pieces >= MAX_PIECES:
        raise DemandRefused(f"a report has more than {MAX_PIECES} pieces: delete this pod")
    if len(connection.not_served) > MAX_GROUPS_PER_REPORT:
        raise DemandRefused(
            f"it told of {len(connection.not_served)} groups that its gateway does not serve; "
            "it may report all anew"
        )

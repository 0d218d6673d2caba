"""One pod's present connection, and what its reports change (pure)."""

from collections import deque
from dataclasses import dataclass, field

from msgspec.structs import replace

from moorage_contract.report_channel import DemandReport
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.demand.gateway_pod import GatewayPod


@dataclass
class Connection:
    """What the last report said, and how much was answered."""

    last: DemandReport
    guidance_seq: int = 0
    pieces: int = 0
    """Reports since the last one that was complete."""
    unacknowledged: deque[int] = field(default_factory=deque)
    """Guidances that told something and that the pod does not go by yet, oldest first."""
    told_of_all: bool = False
    """Whether the first guidance went out, which names every endpoint."""
    not_served: set[ResourceName] = field(default_factory=set)
    """Groups it reports of that its gateway does not serve, as far as is known yet."""

    def hear(self, report: DemandReport) -> None:
        """It is the last one now. What it tells of groups is kept with those."""
        self.last = replace(report, groups={})
        self.pieces = self.pieces + 1 if report.more else 0
        while self.unacknowledged and self.unacknowledged[0] <= report.guidance_seq:
            self.unacknowledged.popleft()


@dataclass(frozen=True)
class Heard:
    """What a report changed."""

    in_force: bool
    """What ``Programmed``, ``ResolvedRefs`` and key rotation look at, or that it reports at all."""
    counts: bool
    """Its sessions or streams."""
    verdicts: frozenset[ResourceName]
    """Groups whose verdicts changed."""
    sessions: frozenset[ResourceName]
    """Groups whose number of sessions changed."""
    to_guide: frozenset[GatewayPod]
    """Other pods that should be told at once."""


def in_force(report: DemandReport | None) -> object:
    """What ``Programmed``, ``ResolvedRefs`` and key rotation look at."""
    return report and (
        report.table_digest,
        report.key_ids,
        report.stopping,
        report.unfollowed,
        report.certificate_refused,
    )


def counts(report: DemandReport | None) -> object:
    """What the status counts."""
    return report and (report.sessions, report.streams)


def gives_back(known: DemandReport | None, report: DemandReport) -> bool:
    """Whether a pod that needs no slots any more went on to what it was told last."""
    if not report.closed:
        return False
    return known is None or not known.closed or known.guidance_seq != report.guidance_seq


def group_of(table_name: str, gateway: ResourceName) -> ResourceName:
    """Whom a gateway's table means: a bare name is one of the gateway's own namespace."""
    namespace, _, name = table_name.rpartition("/")
    return ResourceName(namespace or gateway.namespace, name)

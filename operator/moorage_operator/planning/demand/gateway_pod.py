"""Who reports: one pod of one gateway (pure)."""

from dataclasses import dataclass, field

from moorage_operator.api.metadata import ResourceName


@dataclass(frozen=True, order=True)
class GatewayPod:
    """As its token proves it."""

    gateway: ResourceName
    name: str
    account_uid: str = field(default="", compare=False)
    """Uid of its service account."""


@dataclass(frozen=True)
class Wants:
    """How much a pod has to do with a group, as of its last report."""

    held: int = 0
    """Requests that wait for a slot."""
    arrivals: int = 0
    """Sessions that clients wanted to begin."""

    @property
    def rank(self) -> tuple[int, int]:
        """Smaller comes first: who keeps clients waiting, then who has most to do."""
        return (-self.held, -self.arrivals)

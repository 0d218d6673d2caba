"""What the report channel must know of the installed resources."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from moorage_operator.api.metadata import ResourceName


@dataclass(frozen=True)
class GroupRules:
    """How the sessions of one group are counted and shared."""

    per_pod: int
    """``sessions.perPod``."""
    idle_seconds: int
    """``sessions.idleSeconds``."""


class ServedGroups(Protocol):
    """Answers from the indices; asked for each report, so it must be cheap."""

    def served_by(self, gateway: ResourceName) -> Mapping[ResourceName, GroupRules] | None:
        """The groups that a gateway names and that allow it; None if there is no such gateway."""
        ...

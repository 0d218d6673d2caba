"""What the work queue holds: which resource to look at, never what happened to it."""

from dataclasses import dataclass

from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.resource_kinds import GATEWAY_KIND, GROUP_KIND


@dataclass(frozen=True, order=True)
class ResourceKey:
    """One gateway or group."""

    kind: str
    name: ResourceName

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def gateway_key(name: ResourceName) -> ResourceKey:
    return ResourceKey(GATEWAY_KIND, name)


def group_key(name: ResourceName) -> ResourceKey:
    return ResourceKey(GROUP_KIND, name)

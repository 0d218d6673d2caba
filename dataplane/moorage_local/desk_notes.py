"""What a desk passes over, though nothing is wrong with it, and tells its user."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from moorage_local.resources import Resources
from moorage_operator.api.gateway import McpGateway
from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.stdio_source import StdioSource
from moorage_operator.api.upstream_group import McpUpstreamGroup
from moorage_operator.api.workload_source import WorkloadSource


def desk_notes(
    resources: Resources, gateway: McpGateway, groups: Mapping[ResourceName, McpUpstreamGroup]
) -> list[str]:
    """What of the resources a desk passes over, a line for each."""
    notes = []
    if resources.foreign_kinds:
        kinds = ", ".join(sorted(set(resources.foreign_kinds)))
        notes.append(f"passed over, for Kubernetes alone: {kinds}")
    for what, is_used in _CLUSTER_ONLY.items():
        users = [name.name for name, group in groups.items() if is_used(group)]
        if users:
            notes.append(f"{what} is for the cluster and not used here: {', '.join(users)}")
    if gateway.spec.listener.tls is not None:
        notes.append("spec.listener.tls is for the cluster: here clients are served plain HTTP")
    if gateway.spec.replicas > 1:
        notes.append(
            f"spec.replicas {gateway.spec.replicas} is for the cluster: here one process serves; "
            "start more with the same --key-file and other ports"
        )
    return notes


def _has_workload_tls(group: McpUpstreamGroup) -> bool:
    source = group.spec.source
    return isinstance(source, WorkloadSource) and source.tls is not None


def _has_environment_sources(group: McpUpstreamGroup) -> bool:
    source = group.spec.source
    return isinstance(source, StdioSource) and bool(source.environment_from)


_CLUSTER_ONLY: Mapping[str, Callable[[McpUpstreamGroup], bool]] = MappingProxyType(
    {
        "scaling": lambda group: group.spec.scaling is not None,
        "workload.tls": _has_workload_tls,
        "envFrom": _has_environment_sources,
    }
)
"""Fields of groups, and whether a group uses them."""

"""What a group's pods and their handshakes tell: whether MCP servers answer, and how many."""

from collections.abc import Mapping
from dataclasses import dataclass

from moorage_operator.api.external_source import ExternalSource
from moorage_operator.api.upstream_group import McpUpstreamGroup
from moorage_operator.api.workload_source import WorkloadSource
from moorage_operator.planning.kubectl_lines import label_selector
from moorage_operator.planning.route_table import url_endpoint
from moorage_operator.planning.snapshot import (
    ChildKey,
    EndpointVerdict,
    GroupSnapshot,
    ObservedDeployment,
)
from moorage_operator.rendering.child_names import group_child_name, group_pod_selector


@dataclass(frozen=True)
class PodCounts:
    """Pods of a group: those ready, and all that there shall be."""

    ready: int
    wanted: int

    def __str__(self) -> str:
        return f"{self.ready}/{self.wanted}"


def count_pods(snapshot: GroupSnapshot, group: McpUpstreamGroup) -> PodCounts | None:
    """The pods of the group; None if it has none because its instances are elsewhere."""
    source = group.spec.source
    if isinstance(source, ExternalSource):
        return None
    if isinstance(source, WorkloadSource):
        workload = snapshot.workload
        return PodCounts(0, 0) if workload is None else _of_workload(snapshot)
    deployment = deployment_of(snapshot)
    if deployment is None:
        return PodCounts(0, 0)
    return PodCounts(deployment.ready_replicas, deployment.spec_replicas)


def group_counts(snapshot: GroupSnapshot, group: McpUpstreamGroup | None) -> Mapping[str, object]:
    """Sessions, and for pods how many are ready, how many there are, and what selects them.

    ``group`` is None where its document is refused: what was counted of its pods stays then.
    """
    sessions = {"sessions": snapshot.demand.sessions}
    if group is None:
        return {**_counted_before(snapshot), **sessions}
    pods = count_pods(snapshot, group)
    if pods is None:
        return {**sessions, "replicas": 0, "selector": ""}
    return {
        **sessions,
        "pods": str(pods),
        "replicas": _replicas(snapshot, group),
        "selector": label_selector(pod_selector(snapshot, group)),
    }


def deployment_of(snapshot: GroupSnapshot) -> ObservedDeployment | None:
    """The stdio group's Deployment, unless it is somebody else's."""
    name = snapshot.resource.name
    key = ChildKey("Deployment", name.namespace, group_child_name(name.name))
    child = snapshot.children.get(key)
    if child is None or child.owner_uid != snapshot.resource.uid:
        return None
    return snapshot.deployment


def pod_selector(snapshot: GroupSnapshot, group: McpUpstreamGroup) -> Mapping[str, str]:
    """The labels that select the group's pods in its namespace, and no others."""
    if isinstance(group.spec.source, WorkloadSource):
        return {} if snapshot.workload is None else snapshot.workload.match_labels
    return group_pod_selector(group.name.name)


def endpoint_urls(group: McpUpstreamGroup) -> Mapping[str, str]:
    """What people call instances outside the cluster, by uid."""
    source = group.spec.source
    if not isinstance(source, ExternalSource):
        return {}
    return {url_endpoint(url).uid: url for url in source.urls}


def sorted_verdicts(
    snapshot: GroupSnapshot,
) -> tuple[list[EndpointVerdict], list[EndpointVerdict]]:
    """Endpoints that answered a handshake, and those that failed it, by uid."""
    verdicts = sorted(snapshot.demand.verdicts, key=lambda verdict: verdict.endpoint_uid)
    good = [verdict for verdict in verdicts if verdict.verified]
    return good, [verdict for verdict in verdicts if not verdict.verified]


def _of_workload(snapshot: GroupSnapshot) -> PodCounts:
    assert snapshot.workload is not None
    return PodCounts(snapshot.workload.ready_replicas, snapshot.workload.replicas)


def _replicas(snapshot: GroupSnapshot, group: McpUpstreamGroup) -> int:
    if isinstance(group.spec.source, WorkloadSource):
        return 0 if snapshot.workload is None else snapshot.workload.replicas
    deployment = deployment_of(snapshot)
    return 0 if deployment is None else deployment.replicas


def _counted_before(snapshot: GroupSnapshot) -> Mapping[str, object]:
    status = snapshot.resource.document.get("status")
    before = status if isinstance(status, Mapping) else {}
    return {name: before[name] for name in ("pods", "replicas", "selector") if name in before}

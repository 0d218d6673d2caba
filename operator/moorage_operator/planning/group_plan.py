"""One upstream group's snapshot → its children, what of them must go, and its status."""

from collections.abc import Iterable

from moorage_operator.api.findings import SpecError
from moorage_operator.api.installation import InstallationSettings
from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.resource_kinds import NAMESPACE_NAME_LABEL
from moorage_operator.api.stdio_source import StdioSource
from moorage_operator.api.upstream_group import McpUpstreamGroup
from moorage_operator.api.workload_source import WorkloadSource
from moorage_operator.planning.conditions import GROUP
from moorage_operator.planning.documents import read_group, refused
from moorage_operator.planning.group_conditions import (
    GroupState,
    group_conditions,
    refused_group_conditions,
)
from moorage_operator.planning.group_pods import group_counts
from moorage_operator.planning.ownership import Manifest, claim_children
from moorage_operator.planning.snapshot import (
    ChildKey,
    Condition,
    GroupSnapshot,
    ObservedWorkload,
    Plan,
)
from moorage_operator.planning.stdio_scale import plan_scale
from moorage_operator.rendering import group_children
from moorage_operator.rendering.child_names import STDIO_MCP_PORT, group_pod_selector
from moorage_operator.rendering.owner import Owner
from moorage_operator.rendering.stdio_pods import render_stdio_deployment

EMPTY_PLAN = Plan(children=(), unwanted=(), conditions=(), counts={})


def plan_group(snapshot: GroupSnapshot, settings: InstallationSettings) -> Plan:
    """What shall be so for one group.

    A document that is refused leaves all children as they are; so does a namespace that ends.
    The Secret of a stdio group is not among the children: see ``rendering.key_secrets``.
    """
    if snapshot.namespace_terminating:
        return EMPTY_PLAN
    try:
        group = read_group(snapshot.resource)
    except SpecError as error:
        conditions = refused_group_conditions(refused(GROUP, error))
        return Plan((), (), conditions, group_counts(snapshot, None))
    return _plan_accepted(group, snapshot, settings)


def group_failure(conditions: Iterable[Condition]) -> str | None:
    """Why no entry of a table can be made for the group, by its conditions; None if one can.

    For ``GatewaySnapshot.group_failures``. A refused document is none of these: gateways read it
    themselves. In both cases they serve what they published last: ``published_entries``.
    """
    hindering = {
        ("Accepted", "WorkloadTaken"),
        ("ResolvedRefs", "WorkloadNotFound"),
        ("ResolvedRefs", "SelectorNotSupported"),
        ("ResolvedRefs", "CaMissing"),
    }
    return next(
        (each.message for each in conditions if (each.type, each.reason) in hindering), None
    )


def allowed_gateways(group: McpUpstreamGroup, snapshot: GroupSnapshot) -> tuple[ResourceName, ...]:
    """The gateways that name the group and that it allows, sorted."""
    own = group.name.namespace
    return tuple(
        sorted(
            gateway.name
            for gateway in snapshot.gateways
            if group.spec.allowed_gateways.allow(
                own,
                gateway.name.namespace,
                {NAMESPACE_NAME_LABEL: gateway.name.namespace, **gateway.namespace_labels},
            )
        )
    )


def _plan_accepted(
    group: McpUpstreamGroup, snapshot: GroupSnapshot, settings: InstallationSettings
) -> Plan:
    owner = Owner.group(group.name.namespace, group.name.name, snapshot.resource.uid)
    gateways = allowed_gateways(group, snapshot)
    claimed = claim_children(
        _wanted_children(owner, group, gateways, snapshot, settings),
        snapshot.children,
        owner.uid,
        _kept_children(owner, group, snapshot),
    )
    state = GroupState(snapshot, group, gateways, claimed.taken)
    deployment = ChildKey("Deployment", owner.namespace, owner.child_name)
    is_stdio = isinstance(group.spec.source, StdioSource)
    return Plan(
        children=claimed.applied,
        unwanted=claimed.unwanted,
        conditions=group_conditions(state),
        counts=group_counts(snapshot, group),
        scale=plan_scale(group.spec, state.deployment, deployment) if is_stdio else None,
    )


def _wanted_children(
    owner: Owner,
    group: McpUpstreamGroup,
    gateways: tuple[ResourceName, ...],
    snapshot: GroupSnapshot,
    settings: InstallationSettings,
) -> list[Manifest]:
    source = group.spec.source
    if isinstance(source, StdioSource):
        return [
            *_discovery_rights(owner, gateways),
            group_children.render_group_service(
                owner, group_pod_selector(owner.name), STDIO_MCP_PORT
            ),
            group_children.render_stdio_network_policy(owner, gateways),
            render_stdio_deployment(owner, group.spec, source, settings),
        ]
    if isinstance(source, WorkloadSource):
        return [
            *_discovery_rights(owner, gateways),
            *_workload_service(owner, source, snapshot),
        ]
    return []


def _discovery_rights(owner: Owner, gateways: tuple[ResourceName, ...]) -> list[Manifest]:
    role = group_children.render_group_role(owner)
    if not gateways:
        return [role]
    return [role, group_children.render_group_role_binding(owner, gateways)]


def _workload_service(
    owner: Owner, source: WorkloadSource, snapshot: GroupSnapshot
) -> list[Manifest]:
    workload = snapshot.workload
    if workload is None or snapshot.workload_owner is not None or not _is_selectable(workload):
        return []
    service = group_children.render_group_service(
        owner, workload.match_labels, source.port, tls=source.tls is not None
    )
    return [service]


def _is_selectable(workload: ObservedWorkload) -> bool:
    """Whether a Service can select its pods."""
    return bool(workload.match_labels) and not workload.has_expressions


def _kept_children(
    owner: Owner, group: McpUpstreamGroup, snapshot: GroupSnapshot
) -> frozenset[ChildKey]:
    source = group.spec.source
    if isinstance(source, StdioSource):
        return frozenset({ChildKey("Secret", owner.namespace, owner.child_name)})
    workload = snapshot.workload
    if isinstance(source, WorkloadSource) and (workload is None or not _is_selectable(workload)):
        # A workload that is being replaced may be back at once; its pods may live on meanwhile.
        return frozenset({ChildKey("Service", owner.namespace, owner.child_name)})
    return frozenset()

"""The RouteTable of a gateway in the cluster, and what hinders which of its routes."""

from collections.abc import Mapping
from dataclasses import dataclass

from moorage_contract.route_table import (
    Discovery,
    Group,
    ReportTarget,
    RouteTable,
    UpstreamTls,
)
from moorage_operator.api.external_source import ExternalSource
from moorage_operator.api.findings import SpecError, SpecFinding, quoted
from moorage_operator.api.gateway import McpGateway
from moorage_operator.api.installation import InstallationSettings
from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.references import check_references
from moorage_operator.api.resource_kinds import GROUP_KIND
from moorage_operator.api.source import SourceSpec
from moorage_operator.api.stdio_source import StdioSource
from moorage_operator.api.upstream_group import McpUpstreamGroup
from moorage_operator.api.workload_source import WorkloadSource
from moorage_operator.planning.documents import read_group
from moorage_operator.planning.published_entries import (
    is_as_safe,
    lacks_authorities,
    served_entry,
)
from moorage_operator.planning.route_table import (
    plan_group_entry,
    plan_routes,
    table_name,
    url_endpoint,
)
from moorage_operator.planning.snapshot import GatewaySnapshot, ObservedResource
from moorage_operator.rendering.child_names import gateway_child_name

BRIDGE_PATH = "/mcp"
"""Where a sidecar serves MCP."""


@dataclass(frozen=True)
class ReadGroups:
    """The groups that a gateway names, as far as they exist."""

    accepted: Mapping[ResourceName, McpUpstreamGroup]
    refused: Mapping[ResourceName, SpecError]

    @property
    def known(self) -> Mapping[ResourceName, McpUpstreamGroup | None]:
        """All of them; None for one whose document is refused."""
        return {**dict.fromkeys(self.refused), **self.accepted}


def read_groups(resources: Mapping[ResourceName, ObservedResource]) -> ReadGroups:
    """Groups as they are observed, read."""
    accepted: dict[ResourceName, McpUpstreamGroup] = {}
    refused: dict[ResourceName, SpecError] = {}
    for name, resource in resources.items():
        try:
            accepted[name] = read_group(resource)
        except SpecError as error:
            refused[name] = error
    return ReadGroups(accepted, refused)


def reference_findings(
    gateway: McpGateway, groups: ReadGroups, snapshot: GatewaySnapshot
) -> tuple[SpecFinding, ...]:
    """References that lead nowhere, or to a group that does not allow this gateway.

    A refused group of another namespace is there for gateways only that were allowed before.
    """
    own = gateway.name.namespace
    known = {
        name: group
        for name, group in groups.known.items()
        if group is not None
        or name.namespace == own
        or served_entry(snapshot.published, table_name(name, own)) is not None
    }
    return check_references(
        gateway, known, in_files=False, namespace_labels=snapshot.namespace_labels
    )


def plan_cluster_table(
    gateway: McpGateway,
    groups: ReadGroups,
    findings: tuple[SpecFinding, ...],
    snapshot: GatewaySnapshot,
    settings: InstallationSettings,
) -> RouteTable:
    """The table: all routes, each group with its way to endpoints or with what hinders it."""
    own = gateway.name.namespace
    targets = [route.upstream.resolve(own) for route in gateway.spec.routes]
    hindered = {targets[int(finding.path[2])]: str(finding) for finding in findings}
    planner = _GroupPlanner(own, groups, hindered, snapshot)
    return RouteTable(
        gateway=str(gateway.name),
        hostnames=_hostnames(gateway, snapshot, settings),
        routes=plan_routes(gateway),
        groups=tuple(planner.plan(target) for target in sorted(set(targets))),
        replicas=gateway.spec.replicas,
        report=report_target(settings),
        keys=snapshot.keys or _keys_before(snapshot),
    )


@dataclass(frozen=True)
class _GroupPlanner:
    own_namespace: str
    groups: ReadGroups
    hindered: Mapping[ResourceName, str]
    snapshot: GatewaySnapshot

    def plan(self, target: ResourceName) -> Group:
        name = table_name(target, self.own_namespace)
        if hindrance := self.hindered.get(target):
            return unresolved_group(name, hindrance)
        if failure := self._failure(target):
            return self._as_published(target, name) or unresolved_group(name, failure)
        return self._accepted(self.groups.accepted[target], name)

    def _failure(self, target: ResourceName) -> str:
        """Why no entry can be made of the group's spec; empty if one can."""
        if error := self.groups.refused.get(target):
            name = quoted(table_name(target, self.own_namespace))
            return (
                f"{GROUP_KIND} {name} is refused: {refusal_of(error, target, self.own_namespace)}"
            )
        if failure := self.snapshot.group_failures.get(target):
            return failure
        authorities = self.snapshot.group_authorities.get(target)
        if lacks_authorities(self.groups.accepted[target], authorities):
            return "spec.source.workload.tls.caConfigMapName: it has no certificates in ca.crt"
        return ""

    def _as_published(self, target: ResourceName, name: str) -> Group | None:
        entry = served_entry(self.snapshot.published, name)
        group = self.groups.accepted.get(target)
        if entry is None or (group is not None and not is_as_safe(entry, group)):
            return None
        return entry

    def _accepted(self, group: McpUpstreamGroup, name: str) -> Group:
        source = group.spec.source
        if isinstance(source, ExternalSource):
            return plan_group_entry(group, name, endpoints=tuple(map(url_endpoint, source.urls)))
        return plan_group_entry(
            group,
            name,
            discovery=Discovery(
                namespace=group.name.namespace,
                group=group.name.name,
                path=BRIDGE_PATH if isinstance(source, StdioSource) else source.path,
            ),
            tls=_tls_of(source, self.snapshot.group_authorities.get(group.name)),
        )


def refusal_of(error: SpecError, group: ResourceName, gateways_namespace: str) -> str:
    """Why a group's spec is refused, unless that is another namespace's affair.

    Whom a group allows stands in that very spec, so it is not known whether it may be told.
    """
    if group.namespace != gateways_namespace:
        return "see the group's status"
    return str(error.findings[0])


def own_names(gateway: ResourceName, cluster_domain: str) -> tuple[str, ...]:
    """The names that the gateway's Service has in the cluster."""
    short = gateway_child_name(gateway.name)
    in_namespace = f"{short}.{gateway.namespace}"
    return (
        short,
        in_namespace,
        f"{in_namespace}.svc",
        f"{in_namespace}.svc.{cluster_domain}",
    )


def _hostnames(
    gateway: McpGateway, snapshot: GatewaySnapshot, settings: InstallationSettings
) -> tuple[str, ...]:
    taken = snapshot.hostname_owners
    free = [name for name in gateway.spec.listener.hostnames if name not in taken]
    return tuple(dict.fromkeys((*free, *own_names(gateway.name, settings.cluster_domain))))


def _keys_before(snapshot: GatewaySnapshot) -> str:
    # A Secret that is lost names no other keys: pods go on with those that they have.
    return "" if snapshot.published is None else snapshot.published.keys


def report_target(settings: InstallationSettings) -> ReportTarget | None:
    """Where gateway pods report to, or None."""
    if not settings.report_url:
        return None
    return ReportTarget(
        url=settings.report_url,
        ca_pem=settings.report_ca_pem,
        server_name=settings.report_server_name,
    )


def unresolved_group(name: str, why: str) -> Group:
    """A group to which nothing may be sent."""
    return Group(name=name, source="External", unresolved=why)


def _tls_of(source: SourceSpec, ca_pem: str | None) -> UpstreamTls | None:
    if not isinstance(source, WorkloadSource) or source.tls is None:
        return None
    return UpstreamTls(server_name=source.tls.hostname, ca_pem=ca_pem)

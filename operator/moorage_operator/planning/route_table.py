"""From one gateway and its groups to the RouteTable that its processes serve."""

import hashlib
from collections.abc import Mapping

from moorage_contract.route_table import (
    Affinity,
    Discovery,
    Endpoint,
    Group,
    Route,
    RouteTable,
    SessionRules,
    SourceKind,
    Transport,
    UpstreamTls,
)
from moorage_operator.api.external_source import ExternalSource
from moorage_operator.api.gateway import McpGateway
from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.sessions import AffinitySpec, SessionsSpec
from moorage_operator.api.source import SourceSpec
from moorage_operator.api.stdio_source import StdioSource
from moorage_operator.api.upstream_group import McpUpstreamGroup


def plan_route_table(
    gateway: McpGateway,
    groups: Mapping[ResourceName, McpUpstreamGroup],
    endpoints: Mapping[ResourceName, tuple[Endpoint, ...]],
) -> RouteTable:
    """The table of a gateway whose references are resolved (``check_references`` found nothing).

    ``groups`` may hold more than the gateway names. A group without ``endpoints`` has none yet.
    The same input in another order gives the same table.
    """
    own = gateway.name.namespace
    targets = sorted({route.upstream.resolve(own) for route in gateway.spec.routes})
    return RouteTable(
        gateway=str(gateway.name),
        hostnames=gateway.spec.listener.hostnames,
        routes=plan_routes(gateway),
        groups=tuple(
            plan_group_entry(
                groups[target], table_name(target, own), endpoints=endpoints.get(target, ())
            )
            for target in targets
        ),
    )


def plan_routes(gateway: McpGateway) -> tuple[Route, ...]:
    """The gateway's routes, each with its group's name in the table."""
    own = gateway.name.namespace
    return tuple(
        Route(path=route.path, group=table_name(route.upstream.resolve(own), own))
        for route in gateway.spec.routes
    )


def plan_group_entry(
    group: McpUpstreamGroup,
    name: str,
    *,
    endpoints: tuple[Endpoint, ...] = (),
    discovery: Discovery | None = None,
    tls: UpstreamTls | None = None,
) -> Group:
    """A group as the table says it, under its name there."""
    spec = group.spec
    return Group(
        name=name,
        source=_source_kind(spec.source),
        transport=_transport(spec.source),
        endpoints=endpoints,
        sessions=_plan_sessions(spec.sessions),
        answer_seconds=spec.timeouts.answer_seconds,
        discovery=discovery,
        tls=tls,
    )


def url_endpoint(url: str) -> Endpoint:
    """The endpoint at a URL: every process that reads the same URL gives it the same uid."""
    return Endpoint(uid=hashlib.sha256(url.encode()).hexdigest()[:16], url=url)


def table_name(group: ResourceName, gateway_namespace: str) -> str:
    """The group's name in tables and metrics: with its namespace only if that is another one."""
    return group.name if group.namespace == gateway_namespace else str(group)


def table_target(name: str, gateway_namespace: str) -> ResourceName:
    """The group that has this name in the table of a gateway there."""
    namespace, _, local = name.rpartition("/")
    return ResourceName(namespace or gateway_namespace, local)


def _plan_sessions(spec: SessionsSpec) -> SessionRules:
    return SessionRules(
        per_pod=spec.per_pod,
        idle_seconds=spec.idle_seconds,
        max_seconds=spec.max_seconds,
        on_pod_loss=spec.on_pod_loss,
        affinity=_plan_affinity(spec.affinity),
    )


def _plan_affinity(spec: AffinitySpec) -> Affinity:
    return Affinity(kind=spec.type, header=None if spec.header is None else spec.header.lower())


def _source_kind(source: SourceSpec) -> SourceKind:
    if isinstance(source, StdioSource):
        return "Stdio"
    return "External" if isinstance(source, ExternalSource) else "Workload"


def _transport(source: SourceSpec) -> Transport:
    # The bridge before a stdio server speaks streamable HTTP.
    return "StreamableHttp" if isinstance(source, StdioSource) else source.transport

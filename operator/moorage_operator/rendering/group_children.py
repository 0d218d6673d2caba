"""The children of an upstream group, all named ``<group>-upstream``."""

from collections.abc import Iterable, Mapping

from moorage_operator.api.metadata import ResourceName
from moorage_operator.rendering import child_names as names
from moorage_operator.rendering.manifests import render_manifest
from moorage_operator.rendering.owner import Owner

Manifest = Mapping[str, object]


def render_group_service(
    owner: Owner, selector: Mapping[str, str], port: int, *, tls: bool = False
) -> Manifest:
    """The headless Service over the pods: its EndpointSlices are what gateways follow."""
    return render_manifest(
        "group/service",
        metadata=owner.metadata(),
        selector=dict(selector),
        port=port,
        app_protocol="https" if tls else "http",
    )


def render_group_role(owner: Owner) -> Manifest:
    """The Role that lets gateways follow the EndpointSlices of the group's namespace."""
    return render_manifest("group/role", metadata=owner.metadata())


def render_group_role_binding(owner: Owner, gateways: Iterable[ResourceName]) -> Manifest:
    """Who has that Role: the ServiceAccounts of these gateways."""
    return render_manifest(
        "group/role_binding",
        metadata=owner.metadata(),
        name=owner.child_name,
        subjects=[
            {
                "kind": "ServiceAccount",
                "name": names.gateway_child_name(gateway.name),
                "namespace": gateway.namespace,
            }
            for gateway in sorted(gateways)
        ],
    )


def render_stdio_network_policy(owner: Owner, gateways: Iterable[ResourceName]) -> Manifest:
    """Who reaches the MCP port of stdio pods: the pods of these gateways, nobody if none."""
    return render_manifest(
        "group/network_policy",
        metadata=owner.metadata(),
        selector=names.group_pod_selector(owner.name),
        gateways=sorted(gateways),
        gateway_label=names.GATEWAY_LABEL,
    )

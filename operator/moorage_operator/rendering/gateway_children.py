"""The children of a gateway, all named ``<gateway>-gateway``."""

import base64
from collections.abc import Mapping

from moorage_contract.route_table import RouteTable
from moorage_operator.api.gateway import McpGateway
from moorage_operator.api.installation import InstallationSettings
from moorage_operator.rendering import child_names as names
from moorage_operator.rendering.manifests import render_manifest
from moorage_operator.rendering.owner import Owner

Manifest = Mapping[str, object]

GATEWAY_RESOURCES: Mapping[str, object] = {
    "requests": {"cpu": "100m", "memory": "128Mi"},
    "limits": {"memory": "512Mi"},
}
"""What a gateway pod asks for where the chart says nothing; no CPU limit, it would add latency."""


def render_gateway_children(
    owner: Owner, gateway: McpGateway, settings: InstallationSettings
) -> tuple[Manifest, ...]:
    """All children but the table and the keys, in the order in which they are applied."""
    replicated = gateway.spec.replicas > 1
    return (
        _render("service_account", owner),
        _render("role", owner),
        _render("role_binding", owner),
        _render_network_policy(owner, settings),
        _render_service(owner, gateway),
        *((_render_disruption_budget(owner),) if replicated else ()),
        _render_deployment(owner, gateway, settings),
    )


def render_table(owner: Owner, table: RouteTable, document: bytes) -> Manifest:
    """The ConfigMap with the compressed table, which the gateway's pods follow."""
    annotations = {names.TABLE_DIGEST_ANNOTATION: table.digest()}
    return render_manifest(
        "gateway/config_map",
        metadata=owner.metadata(annotations),
        table=base64.b64encode(document).decode(),
    )


def _render(template: str, owner: Owner) -> Manifest:
    return render_manifest(
        f"gateway/{template}",
        metadata=owner.metadata(),
        name=owner.child_name,
        namespace=owner.namespace,
    )


def _render_service(owner: Owner, gateway: McpGateway) -> Manifest:
    listener = gateway.spec.listener
    return render_manifest(
        "gateway/service",
        metadata=owner.metadata(),
        selector=names.gateway_pod_selector(owner.name),
        port=listener.port,
        app_protocol="http" if listener.tls is None else "https",
    )


def _render_disruption_budget(owner: Owner) -> Manifest:
    return render_manifest(
        "gateway/pod_disruption_budget",
        metadata=owner.metadata(),
        selector=names.gateway_pod_selector(owner.name),
    )


def _render_network_policy(owner: Owner, settings: InstallationSettings) -> Manifest:
    return render_manifest(
        "gateway/network_policy",
        metadata=owner.metadata(),
        selector=names.gateway_pod_selector(owner.name),
        admin_peers=settings.admin_peers,
    )


def _render_deployment(
    owner: Owner, gateway: McpGateway, settings: InstallationSettings
) -> Manifest:
    tls = gateway.spec.listener.tls
    return render_manifest(
        "gateway/deployment",
        metadata=owner.metadata(),
        name=owner.child_name,
        gateway=f"{owner.namespace}/{owner.name}",
        replicas=gateway.spec.replicas,
        selector=names.gateway_pod_selector(owner.name),
        labels=owner.labels,
        tls_secret=None if tls is None else tls.secret_name,
        image=settings.gateway_image,
        image_pull_policy=settings.image_pull_policy,
        image_pull_secrets=settings.image_pull_secrets,
        resources=settings.gateway_resources or GATEWAY_RESOURCES,
        user_id=names.USER_ID,
    )

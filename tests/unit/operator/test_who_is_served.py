"""Whom a gateway may serve is answered only once the labels that decide it are known."""

from typing import Any

from moorage_operator.api.metadata import ResourceName
from moorage_operator.running.extracts import namespace_extract, resource_extract
from moorage_operator.running.links import GatewayLinks, Links
from moorage_operator.running.newest import Incarnation
from moorage_operator.running.served_by_resources import ServedByResources
from moorage_operator.running.world import World

GATEWAY = ResourceName("edge", "agents")
GROUP = ResourceName("team", "tickets")


def _extract(kind: str, name: ResourceName, spec: dict[str, Any]) -> Any:
    metadata = {
        "namespace": name.namespace,
        "name": name.name,
        "uid": name.name,
        "resourceVersion": "1",
        "creationTimestamp": "2026-11-24T00:00:00Z",
    }
    return resource_extract(
        {"apiVersion": "moorage.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}
    )


def test_a_group_that_allows_by_labels_is_served_where_namespaces_are_read_by_name() -> None:
    allowed = {"from": "Selector", "selector": {"matchLabels": {"mcp": "yes"}}}
    spec = {
        "source": {"workload": {"name": "tickets", "port": 8080}},
        "allowedGateways": {"namespaces": allowed},
    }
    links = Links()
    links.put_gateway(GATEWAY, Incarnation("agents", 1), GatewayLinks(frozenset({GROUP})))
    upstream = {"name": "tickets", "namespace": "team"}
    routes = {"routes": [{"path": "/tickets/mcp", "upstream": upstream}]}
    world = World(
        {
            "gateways": {GATEWAY: [_extract("McpGateway", GATEWAY, routes)]},
            "groups": {GROUP: [_extract("McpUpstreamGroup", GROUP, spec)]},
        },
        links,
    )
    served = ServedByResources(lambda: world)
    assert served.served_by(GATEWAY) is None
    metadata = {"name": "edge", "uid": "edge", "resourceVersion": "1"}
    labelled = {"metadata": {**metadata, "labels": {"mcp": "yes"}}}
    world.read_namespaces["edge"] = namespace_extract(labelled)
    assert set(served.served_by(GATEWAY) or ()) == {GROUP}
    world.read_namespaces["edge"] = namespace_extract({"metadata": metadata})
    assert served.served_by(GATEWAY) == {}

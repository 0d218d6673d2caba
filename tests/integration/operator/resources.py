"""Resources that these tests apply, and what they look for."""

import base64
from typing import Any

from fakes.kubectl import KubectlFailed, kubectl, read
from moorage_contract.route_table import Group
from moorage_operator.planning.table_document import read_table

API_VERSION = "moorage.dev/v1alpha1"
CHILD_KINDS = (
    "serviceaccount,role,rolebinding,configmap,secret,deployment,service,"
    "poddisruptionbudget,networkpolicy"
)


def deployment(namespace: str, name: str) -> dict[str, Any]:
    """A user's workload."""
    labels = {"app": name}
    pod = {"containers": [{"name": "server", "image": "moorage.invalid/server:none"}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def group(namespace: str, name: str, workload: str | None = None) -> dict[str, Any]:
    """A group on a workload of its own name, if no other is told."""
    source = {"workload": {"name": workload or name, "port": 8080}}
    return _resource("McpUpstreamGroup", namespace, name, {"source": source})


def stdio_group(namespace: str, name: str) -> dict[str, Any]:
    """A group of a stdio server in an image that nobody has."""
    source = {"stdio": {"command": ["server"], "image": "moorage.invalid/server:none"}}
    return _resource("McpUpstreamGroup", namespace, name, {"source": source})


def gateway(namespace: str, name: str, *groups: str, **listener: object) -> dict[str, Any]:
    """A gateway with a route for each group."""
    routes = [{"path": f"/{target}/mcp", "upstream": {"name": target}} for target in groups]
    spec: dict[str, Any] = {"replicas": 2, "routes": routes}
    if listener:
        spec["listener"] = listener
    return _resource("McpGateway", namespace, name, spec)


def apply(*documents: dict[str, Any]) -> None:
    kubectl("apply", "-f", "-", document={"apiVersion": "v1", "kind": "List", "items": documents})


def condition(kind: str, namespace: str, name: str, type_: str) -> dict[str, Any]:
    """One condition of a resource, empty while it has none."""
    status = read(kind, name, "-n", namespace).get("status") or {}
    found = [each for each in status.get("conditions", []) if each["type"] == type_]
    return found[0] if found else {}


def children(namespace: str) -> dict[str, str]:
    """The uid of each of our objects, by kind and name."""
    selector = "app.kubernetes.io/managed-by=moorage"
    items = read(CHILD_KINDS, "-n", namespace, "-l", selector)["items"]
    return {f"{each['kind']}/{each['metadata']['name']}": each["metadata"]["uid"] for each in items}


def exists(namespace: str, place: str) -> bool:
    try:
        kubectl("get", place, "-n", namespace)
    except KubectlFailed:
        return False
    return True


def _resource(kind: str, namespace: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def published(namespace: str, name: str) -> tuple[Group, ...]:
    """The groups of the table that a gateway's pods get, none while there is no table."""
    try:
        document = read("configmap", f"{name}-gateway", "-n", namespace)
    except KubectlFailed:
        return ()
    table = read_table(base64.b64decode(document["binaryData"]["table"]))
    return () if table is None else table.groups

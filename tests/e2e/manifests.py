"""The objects that end-to-end tests apply, written as a user would write them."""

from typing import Any

from e2e.settings import SERVERS_IMAGE

Manifest = dict[str, Any]
API_VERSION = "moorage.dev/v1alpha1"
SERVER_PORT = 8000


def server(name: str, module: str = "fakes.stateful_server", replicas: int = 3) -> Manifest:
    """A Deployment of one of the tests' MCP servers."""
    labels = {"app": name}
    container = {
        "name": "server",
        "image": SERVERS_IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python", "-m", module, "--host", "0.0.0.0", "--port", str(SERVER_PORT)],
        "ports": [{"containerPort": SERVER_PORT, "name": "http"}],
        "readinessProbe": {"tcpSocket": {"port": SERVER_PORT}, "periodSeconds": 1},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    pod = {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 5,
        "containers": [container],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def group(name: str, **spec: Any) -> Manifest:
    """A group over the Deployment of the same name, unless ``source`` says otherwise."""
    workload = {"name": name, "port": SERVER_PORT}
    return {
        "apiVersion": API_VERSION,
        "kind": "McpUpstreamGroup",
        "metadata": {"name": name},
        "spec": {"source": {"workload": workload}, **spec},
    }


def gateway(name: str, routes: dict[str, str], **spec: Any) -> Manifest:
    """A gateway; ``routes`` is path → group."""
    return {
        "apiVersion": API_VERSION,
        "kind": "McpGateway",
        "metadata": {"name": name},
        "spec": {
            "routes": [{"path": path, "upstream": {"name": to}} for path, to in routes.items()],
            **spec,
        },
    }

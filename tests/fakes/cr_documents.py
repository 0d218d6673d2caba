"""Small valid documents of both kinds, and the findings that a change to one of them brings."""

from typing import Any

from moorage_operator.api.findings import SpecError, SpecFinding, field_path
from moorage_operator.api.resources import read_resource

Document = dict[str, Any]


def gateway_document(**spec: Any) -> Document:
    """A gateway with the route /tickets/mcp; ``spec`` adds or replaces members of its spec."""
    return {
        "apiVersion": "moorage.dev/v1alpha1",
        "kind": "McpGateway",
        "metadata": {"name": "agents", "namespace": "desk"},
        "spec": {"routes": [route("/tickets/mcp", "tickets")], **spec},
    }


def group_document(name: str = "tickets", **spec: Any) -> Document:
    """A group of one external endpoint; ``spec`` adds or replaces members of its spec."""
    external = {"external": {"endpoints": [{"url": "http://127.0.0.1:9000/mcp"}]}}
    return {
        "apiVersion": "moorage.dev/v1alpha1",
        "kind": "McpUpstreamGroup",
        "metadata": {"name": name, "namespace": "desk"},
        "spec": {"source": external, **spec},
    }


def stdio_group_document(**stdio: Any) -> Document:
    """A group of a stdio server; ``stdio`` adds or replaces members of its source."""
    return group_document(source={"stdio": {"command": ["server"], **stdio}})


def image_group_document(**stdio: Any) -> Document:
    """A group of a stdio server in an image, as the cluster wants it; ``stdio`` as above."""
    return stdio_group_document(**{"image": "registry.example/tickets:1.4", **stdio})


def workload_group_document(**workload: Any) -> Document:
    """A group of the pods of the Deployment tickets; ``workload`` adds or replaces members."""
    return group_document(source={"workload": {"name": "tickets", "port": 8080, **workload}})


def route(path: str, upstream: str) -> Document:
    """One item of ``spec.routes``."""
    return {"path": path, "upstream": {"name": upstream}}


def findings_in(document: object) -> tuple[SpecFinding, ...]:
    """All findings of a document; empty if it is accepted."""
    try:
        read_resource(document)
    except SpecError as error:
        return error.findings
    return ()


def reasons_in(document: object) -> dict[str, str]:
    """The reason of each finding by its field path."""
    return {field_path(finding.path): finding.reason for finding in findings_in(document)}

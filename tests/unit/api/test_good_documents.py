"""What users write becomes frozen specs, with the defaults filled in."""

from typing import Any

import pytest

from fakes.cr_documents import gateway_document, group_document, route, stdio_group_document
from moorage_operator.api.allowed_gateways import AllowedGatewaysSpec
from moorage_operator.api.environment import EnvironmentVariable, KeyReference
from moorage_operator.api.external_source import ExternalSource
from moorage_operator.api.gateway import McpGateway
from moorage_operator.api.listener import ListenerSpec
from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.resources import is_ours, read_resource
from moorage_operator.api.routes import RouteSpec, UpstreamReference
from moorage_operator.api.scaling import ScalingSpec
from moorage_operator.api.sessions import AffinitySpec, SessionsSpec
from moorage_operator.api.stdio_source import StdioSource
from moorage_operator.api.timeouts import TimeoutsSpec
from moorage_operator.api.upstream_group import McpUpstreamGroup
from moorage_operator.api.workload_source import WorkloadSource


def read_group(document: dict[str, Any]) -> McpUpstreamGroup:
    resource = read_resource(document)
    assert isinstance(resource, McpUpstreamGroup)
    return resource


def read_stdio(document: dict[str, Any]) -> StdioSource:
    source = read_group(document).spec.source
    assert isinstance(source, StdioSource)
    return source


def test_a_small_gateway_is_all_defaults() -> None:
    gateway = read_resource(gateway_document())
    assert isinstance(gateway, McpGateway)
    assert gateway.name == ResourceName("desk", "agents")
    assert gateway.spec.routes == (RouteSpec("/tickets/mcp", UpstreamReference("tickets")),)
    assert gateway.spec.listener == ListenerSpec(port=8080, hostnames=(), tls=None)
    assert (gateway.spec.replicas, gateway.spec.authentication, gateway.spec.limits) == (
        1,
        None,
        (),
    )


def test_a_gateway_keeps_what_it_says() -> None:
    document = gateway_document(
        replicas=3, listener={"port": 9000, "hostnames": ["mcp.example.com", "::1", "10.0.0.7"]}
    )
    document["spec"]["routes"].append(
        {"path": "/n", "upstream": {"name": "notes", "namespace": "office"}}
    )
    gateway = read_resource(document)
    assert isinstance(gateway, McpGateway)
    assert gateway.spec.replicas == 3
    assert gateway.spec.listener == ListenerSpec(9000, ("mcp.example.com", "::1", "10.0.0.7"))
    assert gateway.spec.routes[1].upstream.resolve("desk") == ResourceName("office", "notes")


def test_a_small_group_is_all_defaults() -> None:
    group = read_group(group_document())
    assert group.spec.source == ExternalSource(("http://127.0.0.1:9000/mcp",), "StreamableHttp")
    assert group.spec.sessions == SessionsSpec(100, 1800, 86_400, "Replay", AffinitySpec())
    assert group.spec.timeouts == TimeoutsSpec(300)
    assert group.spec.allowed_gateways == AllowedGatewaysSpec("Same", ())
    assert (group.spec.failover, group.spec.scaling, group.spec.replicas) == (None, None, 1)


def test_a_workload_is_read() -> None:
    small = {"workload": {"name": "tickets", "port": 8080}}
    assert read_group(group_document(source=small)).spec.source == WorkloadSource(
        name="tickets", port=8080, kind="Deployment", path="/mcp", transport="StreamableHttp"
    )
    full = {"kind": "StatefulSet", "name": "t", "port": 1, "path": "/", "transport": "HttpSse"}
    assert read_group(group_document(source={"workload": full})).spec.source == WorkloadSource(
        name="t", port=1, kind="StatefulSet", path="/", transport="HttpSse"
    )


def test_a_stdio_server_is_read() -> None:
    reference = {"name": "tickets", "key": "token", "optional": True}
    source = read_stdio(
        stdio_group_document(
            args=["--verbose", ""],
            workingDir="/srv",
            env=[
                {"name": "A"},
                {"name": "B", "value": "1"},
                {"name": "C", "valueFrom": {"secretKeyRef": reference}},
            ],
        )
    )
    assert (source.command, source.args, source.working_dir) == (
        ("server",),
        ("--verbose", ""),
        "/srv",
    )
    assert source.environment == (
        EnvironmentVariable("A", ""),
        EnvironmentVariable("B", "1"),
        EnvironmentVariable("C", "", KeyReference("secretKeyRef", "tickets", "token", True)),
    )


def test_pod_fields_are_kept() -> None:
    pod = read_stdio(
        stdio_group_document(
            image="registry.example:5000/tickets@sha256:0123",
            imagePullSecrets=[{"name": "registry"}],
            resources={"requests": {"memory": "1Gi", "cpu": 2}, "limits": {"cpu": "2.5"}},
            nodeSelector={"example.com/disk": "fast"},
            tolerations=[{"key": "spot"}],
        )
    ).pod
    assert pod.image == "registry.example:5000/tickets@sha256:0123"
    assert pod.image_pull_secrets == ("registry",)
    assert pod.resources.requests == (("cpu", "2"), ("memory", "1Gi"))
    assert pod.resources.limits == (("cpu", "2.5"),)
    assert pod.node_selector == (("example.com/disk", "fast"),)
    assert pod.tolerations == ({"key": "spot", "operator": "Equal"},)


def test_sessions_and_scaling_are_read() -> None:
    group = read_group(
        group_document(
            sessions={"perPod": 1, "affinity": {"type": "Header", "header": "X-Session-ID"}},
            scaling={"minReplicas": 0, "maxReplicas": 4, "mode": "Observe"},
        )
    )
    assert group.spec.sessions.per_pod == 1
    assert group.spec.sessions.affinity == AffinitySpec("Header", "X-Session-ID")
    assert group.spec.scaling == ScalingSpec(0, 4, "Observe")


def test_null_counts_as_absent() -> None:
    assert read_group(group_document(sessions=None, scaling=None)) == read_group(group_document())


def test_what_kubernetes_adds_is_let_pass() -> None:
    document = gateway_document()
    document["status"] = {"conditions": []}
    document["metadata"] |= {
        "uid": "1",
        "generation": 2,
        "managedFields": [{}],
        "labels": {"team": "a"},
    }
    assert read_resource(document) == read_resource(gateway_document())


def test_a_name_without_namespace_is_in_default() -> None:
    document = gateway_document()
    del document["metadata"]["namespace"]
    assert str(read_resource(document).name) == "default/agents"


@pytest.mark.parametrize(
    ("document", "ours"),
    [
        (gateway_document(), True),
        ({"apiVersion": "moorage.dev/v9", "kind": "Other"}, True),
        ({"apiVersion": "example.com/v1", "kind": "McpGateway"}, True),
        ({"apiVersion": "apps/v1", "kind": "Deployment"}, False),
        ({"apiVersion": "v1", "kind": "Secret"}, False),
        ({"kind": "Deployment"}, True),
        ({"apiVersion": 1, "kind": "Deployment"}, True),
        (["apiVersion"], True),
    ],
)
def test_objects_of_others_are_told_apart(document: object, ours: bool) -> None:
    assert is_ours(document) is ours


def test_specs_are_frozen() -> None:
    gateway = read_resource(gateway_document(routes=[route("/a", "b")]))
    with pytest.raises(AttributeError):
        gateway.name.name = "other"  # type: ignore[misc]

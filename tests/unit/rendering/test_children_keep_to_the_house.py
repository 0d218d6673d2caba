"""What every child has: its owner, its labels, its name; and every pod its restrictions."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from fakes.golden_cases import CASES, plain, plan_case, read_case
from moorage_operator.api.metadata import ResourceName
from moorage_operator.rendering import child_names as names
from moorage_operator.rendering.key_secrets import render_gateway_secret, render_group_secret
from moorage_operator.rendering.owner import Owner

Document = dict[str, Any]


def children() -> Iterator[tuple[str, Document, Document]]:
    for name in CASES:
        case = read_case(name)
        for child in plan_case(case).children:
            yield name, case["resource"], plain(child)


def pods() -> Iterator[tuple[str, Document]]:
    for name, _, child in children():
        if child["kind"] == "Deployment":
            yield name, child["spec"]["template"]


def containers() -> Iterator[tuple[str, Document]]:
    for name, pod in pods():
        for container in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]:
            yield name, container


def test_every_child_has_its_owner_and_labels() -> None:
    for name, resource, child in children():
        metadata, owner = child["metadata"], resource["metadata"]
        (reference,) = metadata["ownerReferences"]
        assert reference == {
            "apiVersion": "moorage.dev/v1alpha1",
            "kind": resource["kind"],
            "name": owner["name"],
            "uid": owner["uid"],
            "controller": True,
            "blockOwnerDeletion": False,
        }, name
        assert metadata["namespace"] == owner["namespace"], name
        assert metadata["labels"]["app.kubernetes.io/managed-by"] == "moorage", name
        is_gateway = resource["kind"] == "McpGateway"
        label = "moorage.dev/gateway" if is_gateway else "moorage.dev/upstream-group"
        assert metadata["labels"][label] == owner["name"], name
        assert metadata["name"] == f"{owner['name']}-{'gateway' if is_gateway else 'upstream'}"


def test_every_pod_is_selected_by_its_deployment_and_gets_no_token_by_itself() -> None:
    for name, pod in pods():
        assert pod["spec"]["automountServiceAccountToken"] is False, name
        assert pod["spec"]["enableServiceLinks"] is False, name
        assert pod["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert (
            pod["metadata"]["labels"].items()
            >= {
                "app.kubernetes.io/managed-by": "moorage",
            }.items()
        )


def test_every_container_is_restricted_and_asks_for_resources() -> None:
    for name, container in containers():
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False, name
        assert security["capabilities"] == {"drop": ["ALL"]}, name
        if name != "group-stdio-every-field":
            assert security["readOnlyRootFilesystem"] is True, (name, container["name"])
        if container["name"] != "server":
            assert container["resources"], (name, container["name"])


def test_ports_are_those_that_are_written_down_once() -> None:
    ports = {
        (container["name"], port["name"]): port["containerPort"]
        for _, container in containers()
        for port in container.get("ports", [])
    }

    assert ports == {
        ("gateway", "mcp"): names.GATEWAY_MCP_PORT,
        ("gateway", "admin"): names.GATEWAY_ADMIN_PORT,
        ("sidecar", "mcp"): names.STDIO_MCP_PORT,
        ("sidecar", "health"): names.STDIO_HEALTH_PORT,
    }


def test_scaled_things_do_not_say_replicas() -> None:
    deployments = [
        child
        for _, resource, child in children()
        if child["kind"] == "Deployment" and resource["kind"] == "McpUpstreamGroup"
    ]

    assert deployments
    assert all("replicas" not in deployment["spec"] for deployment in deployments)


@pytest.mark.parametrize("annotation", ["{}", '{"a":1}'])
def test_the_gateways_secret_holds_ring_and_group_keys(annotation: str) -> None:
    owner = Owner.gateway("agents", "front", "uid-1")
    keys = {ResourceName("office", "notes"): "11", ResourceName("agents", "notes"): "22"}

    secret: Document = dict(render_gateway_secret(owner, "ring\n", annotation, keys))

    data = {name: base64.b64decode(value).decode() for name, value in secret["data"].items()}
    assert data["ring"] == "ring\n"
    assert json.loads(data["groups"]) == {"agents/notes": "22", "office/notes": "11"}
    assert secret["metadata"] == owner.metadata({"moorage.dev/ring": annotation})


def test_a_groups_secret_holds_its_key_alone() -> None:
    owner = Owner.group("agents", "notes", "uid-2")

    secret: Document = dict(render_group_secret(owner, "ab" * 32, "{}"))

    assert secret["data"] == {"key": base64.b64encode(b"ab" * 32).decode()}
    assert secret["metadata"] == owner.metadata({"moorage.dev/group-keys": "{}"})

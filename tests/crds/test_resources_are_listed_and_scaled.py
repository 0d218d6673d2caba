"""What kubectl shows of the resources, and what HPA and KEDA see of a group."""

import json
from collections.abc import Iterator

import pytest

from fakes.api_server import ApiServer
from fakes.cr_documents import Document, gateway_document, group_document
from fakes.kubectl import kubectl, read

pytestmark = pytest.mark.cluster

READY = {
    "type": "Ready",
    "status": "True",
    "reason": "Serving",
    "message": "clients are served",
    "observedGeneration": 1,
    "lastTransitionTime": "2026-11-24T00:00:00Z",
}


def placed(document: Document, api_server: ApiServer) -> Document:
    return {**document, "metadata": {**document["metadata"], "namespace": api_server.namespace}}


@pytest.fixture(scope="module")
def listed(api_server: ApiServer) -> Iterator[ApiServer]:
    """The API server with the gateway agents and the group tickets."""
    documents = [placed(gateway_document(), api_server), placed(group_document(), api_server)]
    for document in documents:
        kubectl("apply", "-f", "-", document=document)
    yield api_server
    for document in documents:
        kubectl("delete", "--wait=false", "-f", "-", document=document)


def test_one_word_lists_both_kinds(listed: ApiServer) -> None:
    names = kubectl("get", "mcp", "-n", listed.namespace, "-o", "name").split()
    assert names == ["mcpgateway.moorage.dev/agents", "mcpupstreamgroup.moorage.dev/tickets"]
    for short, name in (("mgw", "agents"), ("mug", "tickets")):
        assert name in kubectl("get", short, "-n", listed.namespace)


def test_gateways_are_listed_with_what_they_carry(listed: ApiServer) -> None:
    counts = {"routes": 1, "sessions": 37, "streams": 12, "pods": "2/2"}
    status = {**counts, "address": "agents-gateway.agents:8080", "conditions": [READY]}
    shown = listed.columns("McpGateway", "agents", status)
    assert shown.pop("Age")
    assert list(shown.items()) == [
        ("Name", "agents"),
        ("Routes", 1),
        ("Sessions", 37),
        ("Streams", 12),
        ("Ready", "True"),
        ("Address", "agents-gateway.agents:8080"),
        ("Pods", "2/2"),
    ]


def test_groups_are_listed_with_their_pods_and_sessions(listed: ApiServer) -> None:
    counts = {"pods": "2/2", "sessions": 37, "next": "3 pods by 09:00 (p98)"}
    status = {**counts, "observedGeneration": 1, "conditions": [READY]}
    shown = listed.columns("McpUpstreamGroup", "tickets", status)
    assert shown.pop("Age")
    assert list(shown.items()) == [
        ("Name", "tickets"),
        ("Pods", "2/2"),
        ("Sessions", 37),
        ("Next", "3 pods by 09:00 (p98)"),
        ("Ready", "True"),
    ]


def test_pods_of_gateways_are_shown_when_asked_for_more(listed: ApiServer) -> None:
    assert "PODS" not in kubectl("get", "mgw", "-n", listed.namespace)
    assert "PODS" in kubectl("get", "mgw", "-n", listed.namespace, "-o", "wide")


def scale_of(api_server: ApiServer) -> Document:
    way = f"/apis/moorage.dev/v1alpha1/namespaces/{api_server.namespace}/mcpupstreamgroups/tickets"
    scale: Document = json.loads(kubectl("get", "--raw", f"{way}/scale"))
    return scale


def test_a_group_can_be_scaled_and_stays_so_when_its_file_is_applied_again(
    listed: ApiServer,
) -> None:
    assert scale_of(listed)["spec"]["replicas"] == 1
    kubectl("scale", "mug/tickets", "--replicas=3", "-n", listed.namespace)
    assert scale_of(listed)["spec"]["replicas"] == 3
    kubectl("apply", "-f", "-", document=placed(group_document(), listed))
    assert read("mug", "tickets", "-n", listed.namespace)["spec"]["replicas"] == 3


def test_users_do_not_write_the_status(api_server: ApiServer) -> None:
    document = {**group_document("other"), "status": {"sessions": 5}}
    assert "status" not in api_server.kept(document)

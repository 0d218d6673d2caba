"""What only the operator can see to be wrong is told in a condition within two seconds."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.cluster import apply, wait_for, wait_for_condition
from e2e.manifests import Manifest, gateway, group, server
from fakes.kubectl import kubectl, namespace, read

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(180), pytest.mark.usefixtures("product")]
TOLD_SECONDS = 2.0


@pytest.fixture(scope="module")
def place() -> Iterator[str]:
    with namespace("told") as name:
        yield name


def told(place: str, resource: str, kind: str, status: str = "False") -> dict[str, Any]:
    return wait_for_condition(place, resource, kind, status, seconds=TOLD_SECONDS)


def test_a_workload_that_is_not_there(place: str) -> None:
    apply(place, group("absent"))
    found = told(place, "mug/absent", "ResolvedRefs")
    assert found["reason"] == "WorkloadNotFound"
    assert "spec.source.workload" in found["message"] and '"absent"' in found["message"]


def test_the_workload_comes_later(place: str) -> None:
    apply(place, group("late"))
    told(place, "mug/late", "ResolvedRefs")
    apply(place, server("late", replicas=1))
    told(place, "mug/late", "ResolvedRefs", "True")


def test_a_workload_selected_by_expressions(place: str) -> None:
    deployment = server("expressive", replicas=1)
    expression = {"key": "app", "operator": "In", "values": ["expressive"]}
    deployment["spec"]["selector"] = {"matchExpressions": [expression]}
    apply(place, deployment, group("expressive"))
    found = told(place, "mug/expressive", "ResolvedRefs")
    assert found["reason"] == "SelectorNotSupported"
    assert "matchLabels" in found["message"]


def test_two_groups_on_one_workload(place: str) -> None:
    apply(place, server("shared", replicas=1), group("shared"))
    told(place, "mug/shared", "Accepted", "True")
    time.sleep(1.1)  # ages are whole seconds, and of two as old as each other the name decides
    second = group("second")
    second["spec"]["source"]["workload"]["name"] = "shared"
    apply(place, second)
    found = told(place, "mug/second", "Accepted")
    assert found["reason"] == "WorkloadTaken"
    assert "shared" in found["message"]


def test_a_group_that_is_not_there(place: str) -> None:
    apply(place, gateway("lonely", {"/mcp": "nobody"}))
    found = told(place, "mgw/lonely", "ResolvedRefs")
    assert found["reason"] == "UpstreamNotFound"
    assert "spec.routes[0].upstream.name" in found["message"]


def test_two_gateways_on_one_hostname(place: str) -> None:
    listener = {"hostnames": ["one.example"]}
    apply(place, gateway("first", {"/mcp": "nobody"}, listener=listener))
    told(place, "mgw/first", "Accepted", "True")
    time.sleep(1.1)
    apply(place, gateway("younger", {"/mcp": "nobody"}, listener=listener))
    found = told(place, "mgw/younger", "Accepted")
    assert found["reason"] == "HostnameTaken"
    assert "spec.listener.hostnames[0]" in found["message"] and "first" in found["message"]
    told(place, "mgw/first", "Accepted", "True")


def test_a_tls_secret_that_is_not_there(place: str) -> None:
    listener = {"tls": {"secretName": "no-such"}}
    apply(place, gateway("secretless", {"/mcp": "nobody"}, listener=listener))
    found = told(place, "mgw/secretless", "ResolvedRefs")
    assert "no-such" in found["message"]


def test_a_server_that_does_not_speak_mcp(place: str) -> None:
    deployment = server("website", replicas=1)
    command = ["python", "-m", "http.server", "8000"]
    deployment["spec"]["template"]["spec"]["containers"][0]["command"] = command
    apply(place, deployment, group("website"), gateway("to-website", {"/mcp": "website"}))
    found = wait_for_condition(place, "mug/website", "Verified", "False", seconds=40)
    assert "501" in found["message"], "it tells what the server answered"


def test_an_object_that_is_not_ours_is_never_touched(place: str) -> None:
    theirs: Manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "mine-gateway"},
        "data": {"precious": "yes"},
    }
    apply(place, theirs)
    before = read("configmap/mine-gateway", "-n", place)
    apply(place, gateway("mine", {"/mcp": "nobody"}))
    found = told(place, "mgw/mine", "Accepted")
    assert found["reason"] == "NameTaken"
    assert "ConfigMap" in found["message"]
    assert read("configmap/mine-gateway", "-n", place) == before
    kubectl("delete", "mgw", "mine", "-n", place)
    time.sleep(3)
    assert read("configmap/mine-gateway", "-n", place) == before


def test_an_edited_child_is_repaired(place: str) -> None:
    apply(place, gateway("steady", {"/mcp": "nobody"}))
    told(place, "mgw/steady", "Accepted", "True")
    port = '{"spec": {"ports": [{"name": "mcp", "port": 8080, "targetPort": 1}]}}'
    kubectl("patch", "service", "steady-gateway", "-n", place, "-p", port)

    def repaired() -> bool:
        service = read("service/steady-gateway", "-n", place)
        return bool(service["spec"]["ports"][0]["targetPort"] == "mcp")

    wait_for("the edited port is repaired", 5, repaired)
    kubectl("delete", "service", "steady-gateway", "-n", place)
    wait_for("the deleted Service is back", 5, repaired)


def test_events_tell_transitions_only(place: str) -> None:
    apply(place, group("eventful"))
    told(place, "mug/eventful", "ResolvedRefs")
    apply(place, server("eventful", replicas=1))
    told(place, "mug/eventful", "ResolvedRefs", "True")
    events = kubectl("get", "events", "-n", place, "--field-selector=involvedObject.name=eventful")
    assert "WorkloadNotFound" in events
    assert len([line for line in events.splitlines() if "Warning" in line]) <= 3

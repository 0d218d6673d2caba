"""What users apply becomes children and statuses, and nothing is written that stands already."""

import time

import pytest

from fakes.kubectl import kubectl, read
from integration.operator.conftest import NewOperator
from integration.operator.resources import (
    apply,
    children,
    condition,
    deployment,
    exists,
    gateway,
    group,
)
from integration.operator.running_operator import wait_until

pytestmark = pytest.mark.cluster

EXPECTED = {
    "ConfigMap/agents-gateway",
    "Deployment/agents-gateway",
    "NetworkPolicy/agents-gateway",
    "PodDisruptionBudget/agents-gateway",
    "Role/agents-gateway",
    "Role/tickets-upstream",
    "RoleBinding/agents-gateway",
    "RoleBinding/tickets-upstream",
    "Secret/agents-gateway",
    "Service/agents-gateway",
    "Service/tickets-upstream",
    "ServiceAccount/agents-gateway",
}


def test_a_gateway_and_its_group_get_children_and_status(
    home: str, new_operator: NewOperator
) -> None:
    operator = new_operator("first")
    operator.lead()
    apply(deployment(home, "tickets"), group(home, "tickets"), gateway(home, "agents", "tickets"))
    wait_until(lambda: set(children(home)) == EXPECTED, 10, operator.log)
    wait_until(
        lambda: condition("mcpgateway", home, "agents", "Accepted").get("status") == "True", 5
    )
    wait_until(
        lambda: condition("mcpupstreamgroup", home, "tickets", "ResolvedRefs")["status"] == "True",
        5,
    )


def test_what_stands_is_not_written_again(home: str, new_operator: NewOperator) -> None:
    apply(deployment(home, "tickets"), group(home, "tickets"), gateway(home, "agents", "tickets"))
    operator = new_operator("first")
    operator.lead()
    wait_until(lambda: set(children(home)) == EXPECTED, 10, operator.log)
    time.sleep(2)
    before = operator.writes()
    assert before >= len(EXPECTED)
    time.sleep(6)
    assert operator.writes() == before


def test_users_objects_get_a_status_and_nothing_else(home: str, new_operator: NewOperator) -> None:
    documents = (group(home, "tickets"), gateway(home, "agents", "tickets"))
    apply(deployment(home, "tickets"), *documents)
    operator = new_operator("first")
    operator.lead()
    wait_until(lambda: set(children(home)) == EXPECTED, 10, operator.log)
    wait_until(lambda: condition("mcpgateway", home, "agents", "Ready"), 5)
    workload = read("deployment", "tickets", "-n", home, "--show-managed-fields")
    managers = {entry["manager"] for entry in workload["metadata"]["managedFields"]}
    assert not any("moorage" in manager for manager in managers)
    for kind, name in (("mcpgateway", "agents"), ("mcpupstreamgroup", "tickets")):
        resource = read(kind, name, "-n", home, "--show-managed-fields")
        metadata = resource["metadata"]
        assert "finalizers" not in metadata
        assert set(metadata["annotations"]) == {"kubectl.kubernetes.io/last-applied-configuration"}
        ours = [each for each in metadata["managedFields"] if "moorage" in each["manager"]]
        assert [each["subresource"] for each in ours] == ["status"]


def test_a_workload_that_appears_later_is_found_at_once(
    home: str, new_operator: NewOperator
) -> None:
    operator = new_operator("first")
    operator.lead()
    apply(group(home, "tickets"))

    def refs() -> str:
        found = condition("mcpupstreamgroup", home, "tickets", "ResolvedRefs")
        return str(found.get("reason"))

    wait_until(lambda: refs() == "WorkloadNotFound", 5)
    apply(deployment(home, "tickets"))
    wait_until(lambda: refs() == "ResolvedRefs", 2)
    wait_until(lambda: exists(home, "service/tickets-upstream"), 2)


def test_a_deleted_gateway_leaves_nothing(home: str, new_operator: NewOperator) -> None:
    apply(gateway(home, "agents", "absent"))
    operator = new_operator("first")
    operator.lead()
    wait_until(lambda: "Deployment/agents-gateway" in children(home), 10)
    kubectl("delete", "mcpgateway", "agents", "-n", home)
    wait_until(lambda: not children(home), 20)


def test_a_certificate_that_comes_later_is_found_soon(home: str, new_operator: NewOperator) -> None:
    operator = new_operator("first")
    operator.lead()
    apply(gateway(home, "agents", "tickets", tls={"secretName": "mcp-tls"}))

    def refs() -> str:
        return str(condition("mcpgateway", home, "agents", "ResolvedRefs").get("message"))

    wait_until(lambda: "mcp-tls" in refs(), 5, operator.log)
    kubectl("create", "secret", "generic", "mcp-tls", "--from-literal=tls.crt=x", "-n", home)
    wait_until(lambda: "kubernetes.io/tls" in refs(), 8, operator.log)

"""Edited and deleted children come back within two seconds; what is not ours is left alone."""

import pytest

from fakes.kubectl import kubectl, read
from integration.operator.conftest import NewOperator
from integration.operator.resources import apply, children, condition, exists, gateway
from integration.operator.running_operator import wait_until

pytestmark = pytest.mark.cluster

REPAIR_SECONDS = 2.0


def test_an_edited_child_is_put_right(home: str, new_operator: NewOperator) -> None:
    apply(gateway(home, "agents", "absent"))
    operator = new_operator("first")
    operator.lead()
    wait_until(lambda: "Deployment/agents-gateway" in children(home), 10)
    kubectl("scale", "deployment/agents-gateway", "--replicas=0", "-n", home)

    def replicas() -> int:
        found: int = read("deployment", "agents-gateway", "-n", home)["spec"]["replicas"]
        return found

    wait_until(lambda: replicas() == 2, REPAIR_SECONDS, operator.log)
    patch = '{"spec": {"ports": [{"name": "mcp", "port": 8080, "targetPort": 1}]}}'
    kubectl("patch", "service", "agents-gateway", "-n", home, "--type=merge", "-p", patch)

    def target() -> object:
        return read("service", "agents-gateway", "-n", home)["spec"]["ports"][0]["targetPort"]

    wait_until(lambda: target() == "mcp", REPAIR_SECONDS, operator.log)


def test_a_deleted_child_comes_back(home: str, new_operator: NewOperator) -> None:
    apply(gateway(home, "agents", "absent"))
    operator = new_operator("first")
    operator.lead()
    wait_until(lambda: "Deployment/agents-gateway" in children(home), 10)
    for kind in ("configmap", "service", "networkpolicy", "role", "serviceaccount"):
        kubectl("delete", kind, "agents-gateway", "-n", home)
        wait_until(
            lambda kind=kind: exists(home, f"{kind}/agents-gateway"),  # type: ignore[misc]
            REPAIR_SECONDS,
            operator.log,
        )


def test_a_child_whose_label_is_taken_away_is_still_found(
    home: str, new_operator: NewOperator
) -> None:
    apply(gateway(home, "agents", "absent"))
    operator = new_operator("first")
    operator.lead()
    wait_until(lambda: "ConfigMap/agents-gateway" in children(home), 10)
    label = "app.kubernetes.io/managed-by-"
    kubectl("label", "configmap", "agents-gateway", "-n", home, label)
    wait_until(lambda: "ConfigMap/agents-gateway" in children(home), REPAIR_SECONDS, operator.log)


def test_a_lost_key_ring_is_told_and_not_replaced(home: str, new_operator: NewOperator) -> None:
    apply(gateway(home, "agents", "absent"))
    operator = new_operator("first")
    operator.lead()
    wait_until(lambda: "Deployment/agents-gateway" in children(home), 10)
    operator.kill()
    kubectl("delete", "secret", "agents-gateway", "-n", home)
    operator.lead()
    wait_until(
        lambda: condition("mcpgateway", home, "agents", "Programmed")["reason"] == "KeyRingLost",
        10,
        operator.log,
    )
    assert not exists(home, "secret/agents-gateway")


def test_an_object_of_somebody_else_is_left_as_it_is(home: str, new_operator: NewOperator) -> None:
    kubectl("create", "configmap", "agents-gateway", "--from-literal=mine=yes", "-n", home)
    kubectl("create", "secret", "generic", "other-gateway", "--from-literal=mine=yes", "-n", home)
    before = read("configmap", "agents-gateway", "-n", home)["metadata"]["resourceVersion"]
    operator = new_operator("first")
    operator.lead()
    apply(gateway(home, "agents", "absent"), gateway(home, "other", "absent"))
    for name in ("agents", "other"):
        wait_until(
            lambda name=name: (  # type: ignore[misc]
                condition("mcpgateway", home, name, "Accepted").get("reason") == "NameTaken"
            ),
            5,
            operator.log,
        )
    after = read("configmap", "agents-gateway", "-n", home)
    assert after["metadata"]["resourceVersion"] == before
    assert set(read("secret", "other-gateway", "-n", home)["data"]) == {"mine"}

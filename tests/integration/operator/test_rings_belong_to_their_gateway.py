"""A gateway's ring is made once for it, whoever stood at its Secret's place before."""

import pytest

from fakes.kubectl import kubectl, read
from integration.operator.conftest import NewStepwise
from integration.operator.resources import apply, condition, gateway

pytestmark = pytest.mark.cluster

CONTENT = ("--from-literal=a=b",)


def _reason(home: str, type_: str) -> str:
    return str(condition("mcpgateway", home, "agents", type_)["reason"])


def _deployments(home: str) -> list[str]:
    return [each["metadata"]["name"] for each in read("deployments", "-n", home)["items"]]


async def test_one_made_anew_gets_a_ring_once_the_former_secret_is_collected(
    home: str, stepwise: NewStepwise
) -> None:
    apply(gateway(home, "agents", "absent"))
    operator = await stepwise()
    await operator.gateway("agents")
    kubectl("delete", "mcpgateway", "agents", "-n", home, "--cascade=orphan")
    apply(gateway(home, "agents", "absent"))
    await operator.gateway("agents")
    assert _reason(home, "Accepted") == "NameTaken"

    kubectl("delete", "all,cm,sa,role,rolebinding,netpol,pdb", "--all", "-n", home)
    kubectl("delete", "secret", "agents-gateway", "-n", home)
    await operator.gateway("agents")

    assert _reason(home, "Accepted") == "Accepted"
    assert _reason(home, "Programmed") != "KeyRingLost"
    assert "ring" in read("secret", "agents-gateway", "-n", home)["data"]
    assert _deployments(home) == ["agents-gateway"]


async def test_beside_a_strangers_secret_no_pod_is_made_and_a_ring_once_it_is_gone(
    home: str, stepwise: NewStepwise
) -> None:
    kubectl("create", "secret", "generic", "agents-gateway", *CONTENT, "-n", home)
    apply(gateway(home, "agents", "absent"))
    operator = await stepwise()
    await operator.gateway("agents")
    assert _reason(home, "Accepted") == "NameTaken"
    assert _deployments(home) == []

    kubectl("delete", "secret", "agents-gateway", "-n", home)
    await operator.gateway("agents")

    assert _reason(home, "Programmed") != "KeyRingLost"
    assert _deployments(home) == ["agents-gateway"]


async def test_a_strangers_secret_that_comes_late_is_mounted_by_no_pod(
    home: str, stepwise: NewStepwise
) -> None:
    apply(gateway(home, "agents", "absent"))
    operator = await stepwise()

    def come(verb: str, path: str) -> None:
        if verb == "POST" and path.endswith("/secrets"):
            operator.client.before = lambda verb, path: None
            kubectl("create", "secret", "generic", "agents-gateway", *CONTENT, "-n", home)

    operator.client.before = come
    await operator.gateway("agents")

    assert _reason(home, "Accepted") == "NameTaken"
    assert _deployments(home) == []


async def test_a_ring_and_a_deployment_that_are_deleted_together_are_made_anew(
    home: str, stepwise: NewStepwise
) -> None:
    apply(gateway(home, "agents", "absent"))
    operator = await stepwise()
    await operator.gateway("agents")
    former = read("secret", "agents-gateway", "-n", home)["data"]["ring"]

    kubectl("delete", "secret/agents-gateway", "deployment/agents-gateway", "-n", home)
    await operator.gateway("agents")

    assert read("secret", "agents-gateway", "-n", home)["data"]["ring"] != former
    assert _deployments(home) == ["agents-gateway"]

"""What a quota of the namespace refuses stands in the status; everything else is written."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from fakes.kubectl import kubectl, read
from integration.operator.conftest import NewStepwise
from integration.operator.resources import (
    apply,
    children,
    condition,
    deployment,
    gateway,
    group,
    stdio_group,
)
from integration.operator.running_operator import wait_until
from moorage_operator.running.refused_children import ChildrenRefused

pytestmark = pytest.mark.cluster

ENDS_SECONDS = 20


def forbid(home: str, plural: str) -> None:
    """A quota that lets no more objects of this kind in, once it is in force."""
    name = f"no-{plural}"
    kubectl("create", "quota", name, f"--hard=count/{plural}=0", "-n", home)
    wait_until(lambda: read("quota", name, "-n", home).get("status", {}).get("used"), 10)


async def until_taken(reconcile: Callable[[str], Awaitable[None]], name: str) -> None:
    """The API server goes by a quota for a moment after it is gone."""
    for _ in range(ENDS_SECONDS):
        try:
            return await reconcile(name)
        except ChildrenRefused:
            await asyncio.sleep(1)
    raise AssertionError("still refused")


async def test_a_refused_child_is_told_and_tried_again(home: str, stepwise: NewStepwise) -> None:
    forbid(home, "services")
    apply(deployment(home, "tickets"), group(home, "tickets"))
    operator = await stepwise()
    with pytest.raises(ChildrenRefused, match="tickets-upstream"):
        await operator.group("tickets")

    told = condition("mcpupstreamgroup", home, "tickets", "Accepted")
    assert (told["status"], told["reason"]) == ("False", "ApplyFailed")
    assert f"Service {home}/tickets-upstream: 403" in told["message"]
    assert "exceeded quota: no-services" in told["message"]
    assert set(children(home)) == {"Role/tickets-upstream"}

    kubectl("delete", "quota", "no-services", "-n", home)
    await until_taken(operator.group, "tickets")
    assert condition("mcpupstreamgroup", home, "tickets", "Accepted")["status"] == "True"
    assert "Service/tickets-upstream" in children(home)


async def test_a_groups_key_that_is_refused_holds_up_nothing_else_of_the_gateway(
    home: str, stepwise: NewStepwise
) -> None:
    apply(deployment(home, "notes"), group(home, "notes"), gateway(home, "agents", "notes"))
    await (await stepwise()).gateway("agents")
    before = read("configmap", "agents-gateway", "-n", home)["binaryData"]
    forbid(home, "secrets")
    apply(stdio_group(home, "tickets"), gateway(home, "agents", "notes", "tickets"))
    operator = await stepwise()
    with pytest.raises(ChildrenRefused):
        await operator.gateway("agents")

    message = condition("mcpgateway", home, "agents", "Accepted")["message"]
    assert f"Secret {home}/tickets-upstream: 403" in message
    assert "agents-gateway" not in message
    told = condition("mcpgateway", home, "agents", "ResolvedRefs")
    assert told["reason"] == "UpstreamFailed"
    assert "it has no key yet" in told["message"]
    assert read("configmap", "agents-gateway", "-n", home)["binaryData"] != before

    kubectl("delete", "quota", "no-secrets", "-n", home)
    await until_taken(operator.gateway, "agents")
    assert condition("mcpgateway", home, "agents", "Accepted")["status"] == "True"
    assert {"Secret/agents-gateway", "Deployment/agents-gateway"} <= set(children(home))

"""A child that is gone while no watch told of it holds its resource up no longer than one look."""

import pytest

from fakes.kubectl import kubectl, read
from integration.operator.conftest import NewStepwise
from integration.operator.resources import apply, children, condition, gateway
from moorage_operator.cluster.errors import ObjectConflict

pytestmark = pytest.mark.cluster


async def test_a_child_deleted_unseen_is_made_again(home: str, stepwise: NewStepwise) -> None:
    apply(gateway(home, "agents", "absent"))
    operator = await stepwise()
    await operator.gateway("agents")
    made = children(home)
    apply(gateway(home, "agents", "absent", "another"))
    await operator.look()
    kubectl("delete", "configmap", "agents-gateway", "-n", home)

    with pytest.raises(ObjectConflict):
        await operator.gateway_as_seen("agents")
    await operator.gateway_as_seen("agents")

    assert children(home).keys() == made.keys()
    generation = read("mcpgateway", "agents", "-n", home)["metadata"]["generation"]
    accepted = condition("mcpgateway", home, "agents", "Accepted")
    assert accepted["observedGeneration"] == generation


async def test_a_stranger_in_the_place_of_an_unwanted_child_holds_up_nothing(
    home: str, stepwise: NewStepwise
) -> None:
    apply(gateway(home, "agents", "absent"))
    operator = await stepwise()
    await operator.gateway("agents")
    smaller = gateway(home, "agents", "absent")
    smaller["spec"]["replicas"] = 1
    apply(smaller)
    await operator.look()
    kubectl("delete", "poddisruptionbudget", "agents-gateway", "-n", home)
    budget = ("poddisruptionbudget", "agents-gateway", "-n", home)
    kubectl("create", *budget, "--selector=app=mine", "--min-available=1")

    with pytest.raises(ObjectConflict):
        await operator.gateway_as_seen("agents")
    await operator.gateway_as_seen("agents")

    assert read(*budget)["spec"]["selector"]["matchLabels"] == {"app": "mine"}
    generation = read("mcpgateway", "agents", "-n", home)["metadata"]["generation"]
    accepted = condition("mcpgateway", home, "agents", "Accepted")
    assert accepted["observedGeneration"] == generation

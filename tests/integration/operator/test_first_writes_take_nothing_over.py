"""An object that comes between the look at a child's place and the write is left as it is."""

import pytest

from fakes.kubectl import kubectl, read
from integration.operator.conftest import NewStepwise
from integration.operator.resources import apply, children, condition, gateway, stdio_group
from moorage_operator.cluster.errors import ObjectConflict

pytestmark = pytest.mark.cluster

MINE = "--from-literal=mine=yes"


async def test_a_stranger_that_comes_late_is_not_overwritten(
    home: str, stepwise: NewStepwise
) -> None:
    apply(gateway(home, "agents", "absent"))
    operator = await stepwise()
    came: list[str] = []

    def come(verb: str, path: str) -> None:
        if verb == "PATCH" and path.endswith("/configmaps/agents-gateway") and not came:
            came.append(path)
            kubectl("create", "configmap", "agents-gateway", MINE, "-n", home)

    operator.client.before = come
    with pytest.raises(ObjectConflict):
        await operator.gateway("agents")
    await operator.gateway("agents")

    assert came
    assert condition("mcpgateway", home, "agents", "Accepted")["reason"] == "NameTaken"
    stranger = read("configmap", "agents-gateway", "-n", home)
    assert (stranger["data"], stranger.get("binaryData")) == ({"mine": "yes"}, None)
    assert "ownerReferences" not in stranger["metadata"]


async def test_a_stranger_in_the_place_of_a_child_that_was_deleted_is_not_overwritten(
    home: str, stepwise: NewStepwise
) -> None:
    apply(gateway(home, "agents", "absent"))
    operator = await stepwise()
    await operator.gateway("agents")
    apply({**gateway(home, "agents", "absent", "another")})

    def replace_it(verb: str, path: str) -> None:
        if verb == "PATCH" and path.endswith("/configmaps/agents-gateway"):
            operator.client.before = lambda verb, path: None
            kubectl("delete", "configmap", "agents-gateway", "-n", home)
            kubectl("create", "configmap", "agents-gateway", MINE, "-n", home)

    operator.client.before = replace_it
    with pytest.raises(ObjectConflict):
        await operator.gateway("agents")
    await operator.gateway("agents")

    assert read("configmap", "agents-gateway", "-n", home)["data"] == {"mine": "yes"}
    assert condition("mcpgateway", home, "agents", "Accepted")["reason"] == "NameTaken"


async def test_every_field_is_owned_by_the_apply_from_the_first_write_on(
    home: str, stepwise: NewStepwise
) -> None:
    apply(stdio_group(home, "tickets"), gateway(home, "agents", "tickets"))
    operator = await stepwise()
    await operator.group("tickets")
    await operator.gateway("agents")

    made = [each for each in children(home) if not each.startswith("Secret/")]
    assert len(made) == 13
    for place in made:
        kind, name = place.split("/")
        found = read(kind, name, "-n", home, "--show-managed-fields")["metadata"]["managedFields"]
        ours = [each["operation"] for each in found if each["manager"] == "moorage-operator"]
        assert ours == ["Apply"], place


async def test_one_that_lost_its_process_goes_on_where_it_stopped(
    home: str, stepwise: NewStepwise
) -> None:
    apply(gateway(home, "agents", "absent"))
    await (await stepwise()).gateway("agents")
    before = children(home)
    label = "app.kubernetes.io/managed-by-"
    kubectl("label", "configmap", "agents-gateway", "-n", home, label)

    await (await stepwise()).gateway("agents")

    assert children(home) == before

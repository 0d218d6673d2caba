"""A group that is no stdio group any more leaves no key behind, wherever the process was lost."""

import pytest

from integration.operator.conftest import NewStepwise
from integration.operator.resources import apply, children, exists, group, stdio_group
from integration.operator.stepwise_operator import ProcessLost, StepwiseOperator

pytestmark = pytest.mark.cluster

SECRET = "secret/tickets-upstream"


async def reconcile_until_lost(operator: StepwiseOperator, writes: int) -> bool:
    """Whether the process was lost, after this many writes."""
    operator.client.lost_after = writes
    try:
        await operator.group("tickets")
    except ProcessLost:
        return True
    return False


async def test_the_key_goes_wherever_the_change_was_broken_off(
    home: str, stepwise: NewStepwise
) -> None:
    lost, writes = True, 0
    while lost:
        writes += 1
        apply(stdio_group(home, "tickets"))
        await (await stepwise()).group("tickets")
        assert exists(home, SECRET)
        apply(group(home, "tickets"))
        lost = await reconcile_until_lost(await stepwise(), writes)
        await (await stepwise()).group("tickets")
        assert not exists(home, SECRET), f"left behind after {writes} writes"
        assert "Deployment/tickets-upstream" not in children(home)
    assert writes > 3


async def test_a_key_that_was_made_before_any_pod_goes_too(
    home: str, stepwise: NewStepwise
) -> None:
    apply(stdio_group(home, "tickets"))
    assert await reconcile_until_lost(await stepwise(), 1)
    assert exists(home, SECRET)
    assert "Deployment/tickets-upstream" not in children(home)

    apply(group(home, "tickets"))
    await (await stepwise()).group("tickets")

    assert not exists(home, SECRET)


async def test_a_group_that_is_stdio_again_has_a_key_at_once(
    home: str, stepwise: NewStepwise
) -> None:
    operator = await stepwise()
    for document in (stdio_group(home, "tickets"), group(home, "tickets")) * 2:
        apply(document)
        await operator.group("tickets")
        assert exists(home, SECRET) == ("stdio" in document["spec"]["source"])

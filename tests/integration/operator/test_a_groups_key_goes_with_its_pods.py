"""A group that is no stdio group any more leaves no key behind, wherever the process was lost."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from integration.operator.resources import apply, children, exists, group, stdio_group
from integration.operator.stepwise_operator import ProcessLost, StepwiseOperator

pytestmark = pytest.mark.cluster

SECRET = "secret/tickets-upstream"
New = Callable[[], Awaitable[StepwiseOperator]]


@pytest_asyncio.fixture
async def start(home: str) -> AsyncIterator[New]:
    started: list[StepwiseOperator] = []

    async def new() -> StepwiseOperator:
        started.append(await StepwiseOperator.start(home))
        return started[-1]

    yield new
    for operator in started:
        await operator.client.close()


async def reconcile_until_lost(operator: StepwiseOperator, writes: int) -> bool:
    """Whether the process was lost, after this many writes."""
    operator.client.lost_after = writes
    try:
        await operator.group("tickets")
    except ProcessLost:
        return True
    return False


async def test_the_key_goes_wherever_the_change_was_broken_off(home: str, start: New) -> None:
    lost, writes = True, 0
    while lost:
        writes += 1
        apply(stdio_group(home, "tickets"))
        await (await start()).group("tickets")
        assert exists(home, SECRET)
        apply(group(home, "tickets"))
        lost = await reconcile_until_lost(await start(), writes)
        await (await start()).group("tickets")
        assert not exists(home, SECRET), f"left behind after {writes} writes"
        assert "Deployment/tickets-upstream" not in children(home)
    assert writes > 3


async def test_a_key_that_was_made_before_any_pod_goes_too(home: str, start: New) -> None:
    apply(stdio_group(home, "tickets"))
    assert await reconcile_until_lost(await start(), 1)
    assert exists(home, SECRET)
    assert "Deployment/tickets-upstream" not in children(home)

    apply(group(home, "tickets"))
    await (await start()).group("tickets")

    assert not exists(home, SECRET)


async def test_a_group_that_is_stdio_again_has_a_key_at_once(home: str, start: New) -> None:
    operator = await start()
    for document in (stdio_group(home, "tickets"), group(home, "tickets")) * 2:
        apply(document)
        await operator.group("tickets")
        assert exists(home, SECRET) == ("stdio" in document["spec"]["source"])

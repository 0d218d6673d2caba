"""Each test has a namespace and operators of its own; no pods start there (quota)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from fakes.kubectl import kubectl, namespace
from integration.operator.running_operator import RunningOperator
from integration.operator.stepwise_operator import StepwiseOperator

NewOperator = Callable[[str], RunningOperator]
NewStepwise = Callable[[], Awaitable[StepwiseOperator]]


@pytest.fixture
def home() -> Iterator[str]:
    with namespace("c-operator") as name:
        kubectl("create", "quota", "no-pods", "--hard=pods=0", "-n", name)
        yield name


@pytest.fixture
def new_operator(home: str, tmp_path: Path) -> Iterator[NewOperator]:
    made: list[RunningOperator] = []

    def make(name: str) -> RunningOperator:
        made.append(RunningOperator(tmp_path, home, name))
        return made[-1]

    yield make
    for operator in made:
        operator.kill()


@pytest_asyncio.fixture
async def stepwise(home: str) -> AsyncIterator[NewStepwise]:
    """Operators of this process, each of which knows nothing of the one before."""
    made: list[StepwiseOperator] = []

    async def make() -> StepwiseOperator:
        made.append(await StepwiseOperator.start(home))
        return made[-1]

    yield make
    for operator in made:
        await operator.client.close()

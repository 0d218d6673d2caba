"""Each test has a namespace and operators of its own; no pods start there (quota)."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakes.kubectl import kubectl, namespace
from integration.operator.running_operator import RunningOperator

NewOperator = Callable[[str], RunningOperator]


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

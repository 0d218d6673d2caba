"""A standby is ready with the Lease in sight, the leader with its indices filled."""

import time
from pathlib import Path

import pytest

from integration.operator import refused_operator, slow_operator
from integration.operator.conftest import NewOperator
from integration.operator.resources import apply, gateway
from integration.operator.running_operator import START_SECONDS, wait_until

pytestmark = pytest.mark.cluster

A_WHILE_SECONDS = 2.0
SOON_SECONDS = 3.0


def test_a_leader_of_nothing_and_its_standby_are_ready(new_operator: NewOperator) -> None:
    first, second = new_operator("first"), new_operator("second")
    first.lead()
    wait_until(first.is_ready, SOON_SECONDS, first.log)
    second.start()
    wait_until(second.is_ready, START_SECONDS, second.log)
    assert second.metric("moorage_operator_leader") == 0


def test_a_leader_is_not_ready_while_its_indices_fill(
    home: str, new_operator: NewOperator, tmp_path: Path
) -> None:
    apply(gateway(home, "agents", "absent"))
    operator, filled = new_operator("first"), tmp_path / "fill-now"
    operator.start((slow_operator.__file__, str(filled)))
    leads_by = time.monotonic() + START_SECONDS
    while operator.metric("moorage_operator_leader") != 1:
        assert time.monotonic() < leads_by, operator.log()
    unready_until = time.monotonic() + A_WHILE_SECONDS
    while time.monotonic() < unready_until:
        assert not operator.is_ready(), operator.log()
    filled.touch()
    wait_until(operator.is_ready, SOON_SECONDS, operator.log)


def test_a_leader_without_crds_is_not_ready(new_operator: NewOperator) -> None:
    operator = new_operator("first")
    operator.start((refused_operator.__file__, "/apis/moorage.dev/v1alpha1"))
    wait_until(lambda: "install the CRDs" in operator.log(), START_SECONDS, operator.log)
    assert operator.metric("moorage_operator_leader") == 1
    assert not operator.is_ready()

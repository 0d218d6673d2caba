"""A namespace that ends takes everything along: no reason to warn anybody."""

from pathlib import Path

import pytest

from fakes.kubectl import KubectlFailed, kubectl, namespace
from integration.operator.resources import apply, children, deployment, gateway, group
from integration.operator.running_operator import START_SECONDS, RunningOperator, wait_until

pytestmark = pytest.mark.cluster

GROUPS = 20
ATTENTION = ('"level": "WARNING"', '"level": "ERROR"', '"level": "CRITICAL"')


def test_nobody_is_warned_of_a_namespace_that_is_deleted(home: str, tmp_path: Path) -> None:
    with namespace("w-ending") as ending:
        kubectl("create", "quota", "no-pods", "--hard=pods=0", "-n", ending)
        operator = RunningOperator(tmp_path, ending, "first")
        # Its Lease is elsewhere: an operator whose own namespace ends has other cares.
        operator.start(POD_NAMESPACE=home)
        try:
            _leads(operator)
            _apply(ending, "first")
            wait_until(lambda: len(children(ending)) >= 9 + 3 * GROUPS, 20, operator.log)
            # Their children are under way when the namespace ends.
            _apply(ending, "last")
            kubectl("delete", "namespace", ending, "--wait=false")
            wait_until(lambda: _is_gone(ending), 60, operator.log)
            wait_until(lambda: operator.metric("moorage_operator_queue_depth") == 0, 5)
        finally:
            operator.kill()
            kubectl("create", "namespace", ending)
    assert _attention(operator.log()) == []


def _leads(operator: RunningOperator) -> None:
    wait_until(lambda: operator.metric("moorage_operator_leader") == 1, START_SECONDS, operator.log)


def _apply(home: str, generation: str) -> None:
    names = [f"{generation}-{number}" for number in range(GROUPS)]
    apply(
        *(deployment(home, name) for name in names),
        *(group(home, name) for name in names),
        gateway(home, generation, *names),
    )


def _is_gone(name: str) -> bool:
    try:
        kubectl("get", "namespace", name)
    except KubectlFailed as error:
        return "not found" in str(error)
    return False


def _attention(log: str) -> list[str]:
    return [line for line in log.splitlines() if any(level in line for level in ATTENTION)]

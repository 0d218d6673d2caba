"""Whatever of the process breaks, it ends at once, says why, and gives the Lease back."""

from pathlib import Path

import pytest

from fakes.kubectl import read
from integration.operator import faulty_operator
from integration.operator.conftest import NewOperator
from integration.operator.faulty_operator import FAULTS, MESSAGE
from integration.operator.running_operator import START_SECONDS, wait_until

pytestmark = pytest.mark.cluster

END_SECONDS = 5.0
BEFORE_THE_LEASE = "waiting for the Lease"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_task_ends_the_process(
    home: str, new_operator: NewOperator, tmp_path: Path, fault: str
) -> None:
    operator, trigger = new_operator("first"), tmp_path / "break-now"
    operator.start((faulty_operator.__file__, fault, str(trigger)))
    leads = 0 if fault == BEFORE_THE_LEASE else 1
    wait_until(
        lambda: operator.metric("moorage_operator_leader") == leads, START_SECONDS, operator.log
    )
    trigger.touch()
    assert operator.ended_with(END_SECONDS) == 1
    assert f"RuntimeError('{MESSAGE}')" in operator.log()
    if leads:
        assert f"the task '{fault}' failed" in operator.log()
        lease = read("lease", "moorage-operator", "-n", home)["spec"]
        assert not lease.get("holderIdentity"), operator.log()

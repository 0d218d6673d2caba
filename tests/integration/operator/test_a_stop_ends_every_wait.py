"""SIGTERM is heard whatever the operator waits for, and is no failure."""

import signal

import pytest

from integration.operator import refused_operator
from integration.operator.conftest import NewOperator
from integration.operator.running_operator import START_SECONDS, wait_until

pytestmark = pytest.mark.cluster

END_SECONDS = 2.0


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        ("/leases/moorage-operator", "the Lease cannot be read or taken"),
        ("/apis/moorage.dev/v1alpha1", "install the CRDs"),
        ("/secrets/moorage-operator-channel", "waiting for the report channel's certificate"),
    ],
)
def test_a_stop_ends_the_wait(new_operator: NewOperator, refused: str, said: str) -> None:
    operator = new_operator("first")
    operator.start((refused_operator.__file__, refused))
    wait_until(lambda: said in operator.log(), START_SECONDS, operator.log)
    operator.send(signal.SIGTERM)
    assert operator.ended_with(END_SECONDS) == 0

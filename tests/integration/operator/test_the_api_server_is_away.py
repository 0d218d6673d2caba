"""An outage ends nothing: the same process goes on, and misses nothing that happened meanwhile."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.kubectl import kubectl
from integration.operator.conftest import NewOperator
from integration.operator.cuttable_way import CuttableWay
from integration.operator.resources import apply, children, condition, exists, gateway, group
from integration.operator.running_operator import START_SECONDS, wait_until

pytestmark = pytest.mark.cluster

OUTAGE_SECONDS = 14.0
"""Longer than the leader may write without a renewal."""
RESYNC_SECONDS = 30.0


@pytest.fixture
def way(tmp_path: Path) -> Iterator[CuttableWay]:
    way = CuttableWay(tmp_path)
    yield way
    way.close()


@pytest.mark.timeout(120)
def test_what_changed_during_an_outage_is_seen_after_it(
    home: str, new_operator: NewOperator, way: CuttableWay
) -> None:
    apply(gateway(home, "agents", "absent"), gateway(home, "leaves", "absent"))
    operator = new_operator("first")
    operator.start(KUBECONFIG=str(way.kubeconfig))
    wait_until(lambda: "Deployment/agents-gateway" in children(home), START_SECONDS, operator.log)
    wait_until(lambda: "Deployment/leaves-gateway" in children(home), START_SECONDS, operator.log)
    way.cut()
    kubectl("delete", "service", "agents-gateway", "-n", home)
    kubectl("delete", "mcpgateway", "leaves", "-n", home)
    apply(gateway(home, "comes", "absent"), group(home, "absent"))
    time.sleep(OUTAGE_SECONDS)
    assert operator.metric("moorage_operator_leader") == 0
    assert not exists(home, "service/agents-gateway")
    way.mend()
    wait_until(lambda: exists(home, "service/agents-gateway"), RESYNC_SECONDS, operator.log)
    wait_until(lambda: "Deployment/comes-gateway" in children(home), RESYNC_SECONDS, operator.log)
    wait_until(
        lambda: (
            condition("mcpgateway", home, "agents", "ResolvedRefs")["reason"] == "UpstreamFailed"
        ),
        RESYNC_SECONDS,
        operator.log,
    )
    assert operator.process.poll() is None
    wait_until(lambda: not [each for each in children(home) if "leaves" in each], RESYNC_SECONDS)

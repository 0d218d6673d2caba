"""A watch that the API server breaks off with an error begins again, and nothing else is lost."""

from http.client import HTTPConnection
from pathlib import Path

import pytest

from integration.operator import interrupted_operator
from integration.operator.conftest import NewOperator
from integration.operator.resources import apply, children, gateway
from integration.operator.running_operator import START_SECONDS, wait_until

pytestmark = pytest.mark.cluster


def _answers(connection: HTTPConnection) -> bool:
    connection.request("GET", "/healthz")
    answer = connection.getresponse()
    return answer.read() == b"ok\n"


def test_connections_live_on_and_the_leader_goes_on(
    home: str, new_operator: NewOperator, tmp_path: Path
) -> None:
    operator, trigger = new_operator("first"), tmp_path / "break-now"
    operator.lead((interrupted_operator.__file__, str(trigger)))
    wait_until(operator.is_ready, START_SECONDS, operator.log)
    connection = HTTPConnection("127.0.0.1", operator.metrics_port, timeout=2)
    # One answer is all that a connection gets; it waits for its request meanwhile.
    connection.connect()
    connection.auto_open = 0

    trigger.touch()
    wait_until(lambda: "it begins again" in operator.log(), START_SECONDS, operator.log)
    assert "etcdserver: request timed out" in operator.log()
    assert _answers(connection), operator.log()
    connection.close()

    apply(gateway(home, "agents", "absent"))
    wait_until(lambda: "ConfigMap/agents-gateway" in children(home), START_SECONDS, operator.log)
    assert operator.metric("moorage_operator_leader") == 1
    assert operator.log().count("leading as ") == 1

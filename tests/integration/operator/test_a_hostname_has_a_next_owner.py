"""A gateway whose host name an older one has gets it as soon as that one goes."""

import pytest

from fakes.kubectl import kubectl
from integration.operator.conftest import NewOperator
from integration.operator.resources import apply, condition, gateway
from integration.operator.running_operator import START_SECONDS, wait_until

pytestmark = pytest.mark.cluster

TOLD_SECONDS = 5.0


def test_the_younger_gateway_follows_the_older_one(home: str, new_operator: NewOperator) -> None:
    def reason(name: str) -> object:
        return condition("mcpgateway", home, name, "Accepted").get("reason")

    operator = new_operator("first")
    operator.lead()
    # Where both are of one second, the first by name is the older one.
    apply(gateway(home, "a", "absent", hostnames=[f"mcp.{home}.example"]))
    wait_until(lambda: reason("a") == "Accepted", START_SECONDS, operator.log)
    apply(gateway(home, "b", "absent", hostnames=[f"mcp.{home}.example"]))
    wait_until(lambda: reason("b") == "HostnameTaken", START_SECONDS, operator.log)

    kubectl("delete", "mcpgateway", "a", "-n", home)
    wait_until(lambda: reason("b") == "Accepted", TOLD_SECONDS, operator.log)

"""A gateway that serves a host name keeps it; once it goes or gives it up the next one has it."""

from typing import Any

import pytest

from fakes.kubectl import kubectl, read
from integration.operator.conftest import NewOperator
from integration.operator.resources import apply, condition, gateway
from integration.operator.running_operator import START_SECONDS, RunningOperator, wait_until

pytestmark = pytest.mark.cluster

TOLD_SECONDS = 5.0


class _Scene:
    """Gateways of one namespace that want one host name."""

    def __init__(self, home: str, operator: RunningOperator) -> None:
        self._home = home
        self.operator = operator
        self.hostname = f"mcp.{home}.example"

    def document(self, name: str, *hostnames: str, **spec: Any) -> dict[str, Any]:
        document = gateway(self._home, name, "absent", hostnames=list(hostnames))
        document["spec"].update(spec)
        return document

    def told(self, name: str, reason: str, seconds: float = START_SECONDS) -> None:
        """Wait until the gateway is told this of its spec."""

        def is_told() -> bool:
            found = condition("mcpgateway", self._home, name, "Accepted")
            seen = read("mcpgateway", name, "-n", self._home)["metadata"]["generation"]
            return found.get("reason") == reason and found.get("observedGeneration") == seen

        wait_until(is_told, seconds, self.operator.log)

    def served(self, name: str) -> list[str]:
        """What its status says that it serves."""
        status = read("mcpgateway", name, "-n", self._home).get("status") or {}
        return list(status.get("hostnames") or [])


@pytest.fixture
def scene(home: str, new_operator: NewOperator) -> _Scene:
    operator = new_operator("first")
    operator.lead()
    return _Scene(home, operator)


def test_the_next_gateway_follows_when_the_first_one_goes(home: str, scene: _Scene) -> None:
    apply(scene.document("a", scene.hostname))
    scene.told("a", "Accepted")
    apply(scene.document("b", scene.hostname))
    scene.told("b", "HostnameTaken")
    kubectl("delete", "mcpgateway", "a", "-n", home)
    scene.told("b", "Accepted", TOLD_SECONDS)


def test_an_older_gateway_cannot_take_what_another_serves(scene: _Scene) -> None:
    # Where both are of one second, the first by name is the older one.
    apply(scene.document("a"))
    scene.told("a", "Accepted")
    apply(scene.document("b", scene.hostname))
    scene.told("b", "Accepted")

    apply(scene.document("a", scene.hostname))
    scene.told("a", "HostnameTaken", TOLD_SECONDS)
    assert (scene.served("a"), scene.served("b")) == ([], [scene.hostname])

    # The next leader finds it in the status.
    scene.operator.kill()
    scene.operator.lead()
    apply(scene.document("a", scene.hostname, replicas=1))
    scene.told("a", "HostnameTaken")
    apply(scene.document("b", scene.hostname, replicas=1))
    scene.told("b", "Accepted")

    apply(scene.document("b"))
    scene.told("a", "Accepted", TOLD_SECONDS)
    assert scene.served("a") == [scene.hostname]


def test_of_gateways_that_ask_at_once_one_has_it(scene: _Scene) -> None:
    names = [f"g{number}" for number in range(6)]
    apply(*(scene.document(name) for name in names))
    for name in names:
        scene.told(name, "Accepted")
    apply(*(scene.document(name, scene.hostname) for name in names))

    def owners() -> list[str]:
        return [name for name in names if scene.served(name) == [scene.hostname]]

    (owner,) = _settled(owners, scene)
    for name in names:
        scene.told(name, "Accepted" if name == owner else "HostnameTaken", TOLD_SECONDS)
    assert owners() == [owner]


def _settled(owners: Any, scene: _Scene) -> list[str]:
    wait_until(lambda: len(owners()) == 1, TOLD_SECONDS, scene.operator.log)
    return list(owners())

"""An operator is killed at random moments of reconciling: it always ends at the same objects.

`python -m e2e.operator_kills [--kills 100] [--seed N]`. Ends with 1 when objects differ from those
of an undisturbed run, when one is left over or doubled, or when an operation of a client failed.
"""

import argparse
import asyncio
import random
import sys
import time
from typing import Any

from e2e.cluster import apply, service_address, wait_for, wait_for_condition
from e2e.installation import is_installed
from e2e.load import Load
from e2e.manifests import Manifest, gateway, group, server
from e2e.operator_process import OperatorProcess, operator_of
from e2e.scene import HOST, answered
from fakes.kubectl import kubectl, namespace, read

KINDS = (
    "configmaps,secrets,serviceaccounts,roles,rolebindings,services,deployments,"
    "poddisruptionbudgets,networkpolicies"
)
OURS = "app.kubernetes.io/managed-by=moorage"
LONGEST_LIFE_SECONDS = 3.0
SETTLED_SECONDS = 60.0


def states() -> tuple[list[Manifest], list[Manifest]]:
    """Two states of the users' resources that differ in every kind of child."""
    common = [server("counter", replicas=2), group("counter")]
    one = [*common, gateway("edge", {"/mcp": "counter"}, replicas=2)]
    listener = {"hostnames": ["edge.example"]}
    routes = {"/mcp": "counter", "/spare": "spare"}
    other = [
        *common,
        group("spare", source={"external": {"endpoints": [{"url": "http://127.0.0.1:1/mcp"}]}}),
    ]
    return one, [*other, gateway("edge", routes, replicas=1, listener=listener)]


def bring(name: str, wanted: list[Manifest]) -> None:
    """The users' resources are exactly these."""
    apply(name, *wanted)
    if not any(one["metadata"]["name"] == "spare" for one in wanted):
        kubectl("delete", "mcpupstreamgroup", "spare", "-n", name, "--ignore-not-found")


def objects(name: str) -> dict[str, Any]:
    """What the operator made, without what differs from one moment to the next."""
    items = read(KINDS, "-n", name, "-l", OURS)["items"]
    return {f"{one['kind']}/{one['metadata']['name']}": _lasting(one) for one in items}


def _lasting(document: dict[str, Any]) -> dict[str, Any]:
    metadata = document["metadata"]
    kept = {key: metadata.get(key) for key in ("labels", "ownerReferences")}
    body = {key: value for key, value in document.items() if key not in ("metadata", "status")}
    annotations = {
        key: value
        for key, value in metadata.get("annotations", {}).items()
        if key.startswith("moorage.dev/")
    }
    return {**body, "metadata": {**kept, "annotations": annotations}}


def settle(name: str) -> dict[str, Any]:
    """The objects when all pods serve the newest table and nothing changes any more.

    Until pods have told so, the table names what lost its route and its permission at once.
    """
    wait_for_condition(name, "mcpgateway/edge", "Programmed", seconds=SETTLED_SECONDS)
    seen: dict[str, Any] = {}

    def unchanged() -> bool:
        nonlocal seen
        before, seen = seen, objects(name)
        time.sleep(0.5)
        return before == seen

    wait_for("the objects stay the same", SETTLED_SECONDS, unchanged)
    return seen


def kill_once(
    name: str, operator: OperatorProcess, wanted: list[Manifest], life_seconds: float
) -> None:
    """Something to do, a life of that length, the end, and another start."""
    bring(name, wanted)
    operator.start()
    time.sleep(life_seconds)
    operator.kill()
    operator.start()


async def run(kills: int, seed: int) -> int:
    assert not is_installed(), "an installed operator would help: helm uninstall it first"
    chance = random.Random(seed)
    faults: list[str] = []
    with namespace("kills") as name, operator_of(name) as operator:
        operator.start()
        expected: list[dict[str, Any]] = []
        for wanted in reversed(states()):
            bring(name, wanted)
            expected.insert(0, await asyncio.to_thread(settle, name))
        wait_for_condition(name, "mcpupstreamgroup/counter", "Accepted")
        url = f"http://{service_address(name, HOST)}/mcp"
        await asyncio.to_thread(answered, url)
        operator.kill()
        async with Load(host=HOST, sessions=10).on(url) as tally:
            for number in range(kills):
                life = chance.uniform(0.0, LONGEST_LIFE_SECONDS)
                which = number % 2
                await asyncio.to_thread(kill_once, name, operator, states()[which], life)
                found = await asyncio.to_thread(settle, name)
                faults += [f"kill {number}: {one}" for one in differences(expected[which], found)]
                operator.kill()
        print(f"{kills} kills (seed {seed}): {len(faults)} differences; {tally}")
        print("\n".join(faults[:20]))
        return 1 if faults or tally.failures else 0


def differences(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Objects that are missing, left over, or other than in the undisturbed run."""
    names = sorted(expected.keys() | found.keys())
    words = {(True, False): "missing", (False, True): "left over", (True, True): "differs"}
    return [
        f"{name}: {words[name in expected, name in found]}"
        for name in names
        if expected.get(name) != found.get(name)
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="e2e.operator_kills")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=4)
    arguments = parser.parse_args()
    return asyncio.run(run(arguments.kills, arguments.seed))


if __name__ == "__main__":
    sys.exit(main())

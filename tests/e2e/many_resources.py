"""300 groups and 50 gateways: the first reconcile of all, the operator's memory, one small change.

`python -m e2e.many_resources [--groups 300] [--gateways 50]`. A quota keeps pods from starting.
Ends with 1 past 60 s, past 200 MiB, or when a change to one touched another's children.
"""

import argparse
import sys
import time
from typing import Any

from e2e.cluster import apply, wait_for, wait_for_condition
from e2e.manifests import Manifest, gateway, group
from e2e.operator_process import operator_of
from fakes.kubectl import kubectl, namespace, read

FIRST_RECONCILE_SECONDS = 60.0
MOST_MEBIBYTES = 200.0
EVERYTHING = (
    "mcpgateways,mcpupstreamgroups,configmaps,secrets,serviceaccounts,roles,rolebindings,services,"
    "deployments,poddisruptionbudgets,networkpolicies"
)
NO_PODS: Manifest = {
    "apiVersion": "v1",
    "kind": "ResourceQuota",
    "metadata": {"name": "no-pods"},
    "spec": {"hard": {"pods": "0"}},
}


def resources(groups: int, gateways: int) -> list[Manifest]:
    """Every second group has a stdio server, so that every kind of child is there."""
    stdio = {"stdio": {"image": "example/notes:1", "command": ["notes"]}}
    made = [
        group(f"group-{number}", **({"source": stdio} if number % 2 else {}))
        for number in range(groups)
    ]
    share = max(1, groups // gateways)
    for number in range(gateways):
        mine = [(number * share + offset) % groups for offset in range(share)]
        routes = {f"/{one}/mcp": f"group-{one}" for one in mine}
        made.append(gateway(f"gateway-{number}", routes, replicas=2))
    return made


def versions(name: str) -> dict[str, str]:
    """What names each object of the namespace and its state.

    The quota makes Kubernetes write the status of Deployments all the time: their generation says
    whether anybody else wrote them.
    """
    items = read(EVERYTHING, "-n", name)["items"]
    return {f"{one['kind']}/{one['metadata']['name']}": _state(one) for one in items}


def _state(document: dict[str, Any]) -> str:
    member = "generation" if document["kind"] == "Deployment" else "resourceVersion"
    return str(document["metadata"][member])


def told(name: str, kind: str) -> int:
    """How many resources of the kind have a status for their newest generation."""
    items: list[dict[str, Any]] = read(kind, "-n", name)["items"]
    return sum(
        any(
            one["observedGeneration"] == item["metadata"]["generation"]
            for one in item.get("status", {}).get("conditions", [])
        )
        for item in items
    )


def run(groups: int, gateways: int) -> int:
    with namespace("many") as name, operator_of(name) as operator:
        apply(name, NO_PODS)
        apply(name, *resources(groups, gateways))
        began = time.monotonic()
        operator.start()

        def all_told() -> bool:
            counts = told(name, "mcpupstreamgroups"), told(name, "mcpgateways")
            return counts == (groups, gateways)

        wait_for("every status is written", 300, all_told)
        seconds = time.monotonic() - began
        time.sleep(10)
        memory = operator.resident_mebibytes
        touched = touched_by_a_change(name)
        print(f"{groups} groups, {gateways} gateways: first reconcile {seconds:.1f} s, ", end="")
        print(f"memory {memory:.0f} MiB; a change of one touched {', '.join(touched)}")
        strangers = [one for one in touched if "gateway-0" not in one and "group-" not in one]
    good = seconds <= FIRST_RECONCILE_SECONDS and memory <= MOST_MEBIBYTES and not strangers
    return 0 if good else 1


def touched_by_a_change(name: str) -> list[str]:
    """Objects that are written when one gateway gets one more route."""
    before = versions(name)
    document = read("mcpgateway/gateway-0", "-n", name)
    routes = [*document["spec"]["routes"], {"path": "/more", "upstream": {"name": "group-0"}}]
    patch = f'{{"spec": {{"routes": {routes}}}}}'.replace("'", '"')
    kubectl("patch", "mcpgateway", "gateway-0", "-n", name, "--type=merge", "-p", patch)
    wait_for_condition(name, "mcpgateway/gateway-0", "Accepted")
    time.sleep(5)
    after = versions(name)
    return sorted(one for one in after if after[one] != before.get(one))


def main() -> int:
    parser = argparse.ArgumentParser(prog="e2e.many_resources")
    parser.add_argument("--groups", type=int, default=300)
    parser.add_argument("--gateways", type=int, default=50)
    arguments = parser.parse_args()
    return run(arguments.groups, arguments.gateways)


if __name__ == "__main__":
    sys.exit(main())

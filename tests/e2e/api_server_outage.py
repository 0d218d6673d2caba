"""The API server is gone for minutes: sessions go on, and after its return changes are in force.

`python -m e2e.api_server_outage [--seconds 180]`. Ends with 1 when an
operation failed, when there were fewer than 10,000, or when the resync took more than 30 s.
"""

import argparse
import asyncio
import subprocess
import sys
import time

from e2e.cluster import apply, pods, wait_for, wait_for_condition
from e2e.faults import find_part_command, stopped
from e2e.installation import installed
from e2e.load import Load
from e2e.manifests import gateway
from e2e.scene import HOST, serving
from fakes.kubectl import kubectl, namespace

LEAST_OPERATIONS = 10_000
RESYNC_SECONDS = 30.0


async def run(seconds: float, least_operations: int = LEAST_OPERATIONS) -> int:
    part = find_part_command()
    assert part is not None, "needs root and the program that stops parts of the cluster"
    with namespace("outage") as name:
        url = await asyncio.to_thread(serving, name)
        before = restarts(name)
        load = Load(host=HOST, sessions=60, pause_seconds=0.4)
        async with load.on(url) as tally:
            await asyncio.sleep(3)
            with stopped(part, "kube-apiserver"):
                operations = tally.total
                await asyncio.sleep(seconds)
                operations = tally.total - operations
            resync = await asyncio.to_thread(_resync_seconds, name)
        after = restarts(name)
    print(f"API server away for {seconds:.0f} s: {operations} operations meanwhile; in all {tally}")
    print(f"resync {resync:.1f} s after its return; restarts of gateway pods {after - before}")
    good = operations >= least_operations and resync <= RESYNC_SECONDS and after == before
    return 0 if good and not tally.failures else 1


def restarts(name: str) -> int:
    """Restarts of all containers of the namespace's pods."""
    return sum(
        container["restartCount"]
        for pod in pods(name, "app.kubernetes.io/managed-by=moorage")
        for container in pod["status"].get("containerStatuses", [])
    )


def _resync_seconds(name: str) -> float:
    """From the API server's first answer until a new route is programmed."""

    def answers() -> bool:
        try:
            return "ok" in kubectl("get", "--raw", "/readyz")
        except subprocess.TimeoutExpired:
            return False

    wait_for("the API server answers", 60, answers)
    began = time.monotonic()
    routes = {"/mcp": "counter", "/after": "counter"}
    wait_for("the change is taken", 30, lambda: _applied(name, routes))
    wait_for_condition(name, "mcpgateway/edge", "Programmed", seconds=60)
    return time.monotonic() - began


def _applied(name: str, routes: dict[str, str]) -> bool:
    apply(name, gateway("edge", routes, replicas=2))
    return True


def main() -> int:
    parser = argparse.ArgumentParser(prog="e2e.api_server_outage")
    parser.add_argument("--seconds", type=float, default=180.0)
    with installed():
        return asyncio.run(run(parser.parse_args().seconds))


if __name__ == "__main__":
    sys.exit(main())

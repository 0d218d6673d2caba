"""The official suite through the Service of 2 gateway pods, over 3 upstream pods and over stdio.

`python -m e2e.conformance [--version V]… [--source workload|stdio]…` in a network that reaches
Services. Ends with 1 when anything failed, warned, or counted otherwise than a faultless server.
"""

import argparse
import asyncio
import sys
from typing import Any

from conformance.faultless import find_faults
from conformance.node_tools import NodeTools, find_node_tools
from conformance.suite import VERSIONS, run_suite
from e2e.cluster import apply, service_address, wait_for_condition
from e2e.installation import installed
from e2e.manifests import Manifest, gateway, group, server
from e2e.settings import SERVERS_IMAGE
from fakes.child_process import serving
from fakes.kubectl import namespace

FIXTURE = "fakes.conformance_server"
SOURCES = ("workload", "stdio")
SESSIONS_PER_POD = 16
"""Small enough that one run's sessions fill one pod and go on to the next."""


def scene(source: str) -> list[Manifest]:
    """What a user would apply."""
    sessions: dict[str, Any] = {"sessions": {"perPod": SESSIONS_PER_POD}}
    suite = gateway("suite", {"/mcp": "fixture"}, replicas=2, listener={"hostnames": ["localhost"]})
    if source == "workload":
        return [server("fixture", FIXTURE, replicas=3), group("fixture", **sessions), suite]
    stdio = {
        "image": SERVERS_IMAGE,
        "command": ["/opt/servers/bin/python", "-m", FIXTURE, "--stdio"],
        "env": [{"name": "PYTHONPATH", "value": "/srv"}],
    }
    return [group("fixture", source={"stdio": stdio}), suite]


async def run(tools: NodeTools, source: str, versions: list[str]) -> list[str]:
    """The faults of all versions; prints each version's counts."""
    faults: list[str] = []
    with namespace("conformance") as name:
        apply(name, *scene(source))
        wait_for_condition(name, "mcpupstreamgroup/fixture", "Ready", seconds=90)
        wait_for_condition(name, "mcpgateway/suite", "Ready", seconds=90)
        # One of the suite's scenarios insists on a URL that names localhost.
        target = service_address(name, "suite-gateway")
        async with serving("fakes.tcp_balancer", "--target", target) as local:
            for version in versions:
                result = await run_suite(tools, f"http://localhost:{local.port}/mcp", version)
                print(f"{source:9} {version}  {result}", flush=True)
                faults += find_faults("stdio" if source == "stdio" else "gateways", result)
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(prog="e2e.conformance")
    parser.add_argument("--version", action="append", choices=list(VERSIONS))
    parser.add_argument("--source", action="append", choices=list(SOURCES))
    arguments = parser.parse_args()
    tools = find_node_tools()
    faults: list[str] = []
    with installed():
        for source in arguments.source or SOURCES:
            faults += asyncio.run(run(tools, source, arguments.version or list(VERSIONS)))
    print("\n".join(faults), file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

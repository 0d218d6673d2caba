"""A rolling restart of a gateway's Deployment under live sessions and streams.

`python -m e2e.rolling_restart [--operations 20000]`. Ends with 1 when an operation failed.
"""

import argparse
import asyncio
import sys

from e2e.cluster import pods
from e2e.installation import installed
from e2e.load import Load
from e2e.scene import HOST, serving
from fakes.kubectl import kubectl, namespace


async def run(operations: int) -> int:
    with namespace("restart") as name:
        url = await asyncio.to_thread(serving, name)
        restarts = 0
        async with Load(host=HOST, sessions=100).on(url) as tally:
            while tally.total < operations:
                before = {pod["metadata"]["uid"] for pod in _pods(name)}
                await asyncio.to_thread(_restart, name)
                after = {pod["metadata"]["uid"] for pod in _pods(name)}
                assert not before & after, "every pod was replaced"
                restarts += 1
                await asyncio.sleep(5)
        print(f"{restarts} rolling restarts of 2 pods: {tally}")
        return 1 if tally.failures else 0


def _pods(name: str) -> list[dict[str, dict[str, str]]]:
    return pods(name, "moorage.dev/gateway=edge")


def _restart(name: str) -> None:
    kubectl("rollout", "restart", "deployment/edge-gateway", "-n", name)
    arguments = ("rollout", "status", "deployment/edge-gateway", "-n", name, "--timeout=50s")
    kubectl(*arguments)


def main() -> int:
    parser = argparse.ArgumentParser(prog="e2e.rolling_restart")
    parser.add_argument("--operations", type=int, default=20_000)
    with installed():
        return asyncio.run(run(parser.parse_args().operations))


if __name__ == "__main__":
    sys.exit(main())

"""From `helm install` on a fresh cluster to the first tool call, and back without a trace.

`python -m e2e.first_call`. Ends with 1 when the first call took more than 60 s (images are loaded),
or when something of ours is left after `helm uninstall` and the deletion of the CRDs.
"""

import asyncio
import sys
import time

from e2e.cluster import apply, service_address, wait_for
from e2e.installation import install, is_installed, leftovers, uninstall
from e2e.load import first_answer
from e2e.manifests import gateway, group, server
from fakes.kubectl import namespace

FIRST_CALL_SECONDS = 60.0
COLLECTED_SECONDS = 60.0


def main() -> int:
    assert not is_installed(), "the cluster must be fresh: helm uninstall moorage -n moorage-system"
    with namespace("first-call") as name:
        began = time.monotonic()
        install()
        installed = time.monotonic() - began
        apply(name, server("counter"), group("counter"))
        apply(name, gateway("edge", {"/mcp": "counter"}))
        answer = wait_for("a tool call is answered", 90, lambda: _call(name))
        seconds = time.monotonic() - began
        print(f"helm install {installed:.1f} s, first tool call after {seconds:.1f} s: {answer}")
        uninstall()
        gone = wait_for("nothing of ours is left", COLLECTED_SECONDS, lambda: not leftovers())
        print(f"uninstalled without a trace: {gone}")
    return 0 if seconds <= FIRST_CALL_SECONDS else 1


def _call(name: str) -> str | None:
    url = f"http://{service_address(name, 'edge-gateway')}/mcp"
    return asyncio.run(first_answer(url, "edge-gateway"))


if __name__ == "__main__":
    sys.exit(main())

"""The scene of most figures: one gateway over one group of three counting servers."""

import asyncio

from e2e.cluster import apply, service_address, wait_for, wait_for_condition
from e2e.load import first_answer
from e2e.manifests import gateway, group, server

GATEWAY = "edge"
HOST = "edge-gateway"
ROUTES = {"/mcp": "counter"}


def serving(namespace: str) -> str:
    """Apply the scene; the URL of its route as soon as a call through it is answered.

    The nodes' proxies learn of a Service's pods a moment after these are ready.
    """
    apply(namespace, server("counter"), group("counter"), gateway(GATEWAY, ROUTES, replicas=2))
    wait_for_condition(namespace, f"mcpgateway/{GATEWAY}", "Ready")
    wait_for_condition(namespace, "mcpupstreamgroup/counter", "Ready")
    url = f"http://{service_address(namespace, HOST)}/mcp"
    answered(url)
    return url


def answered(url: str) -> None:
    """Wait for the first call that is answered."""
    wait_for("a first call is answered", 60, lambda: asyncio.run(first_answer(url, HOST)))

"""A gateway of another namespace needs the group's permission; taking it away stops traffic."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest

from e2e.cluster import apply, service_address, wait_for, wait_for_condition
from e2e.load import first_answer
from e2e.manifests import API_VERSION, Manifest, group, server
from fakes.kubectl import namespace

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(180), pytest.mark.usefixtures("product")]


def crossing(to_namespace: str) -> Manifest:
    upstream = {"name": "office", "namespace": to_namespace}
    return {
        "apiVersion": API_VERSION,
        "kind": "McpGateway",
        "metadata": {"name": "edge"},
        "spec": {"routes": [{"path": "/mcp", "upstream": upstream}]},
    }


def office(**allowed: Any) -> Manifest:
    return group("office", **({"allowedGateways": {"namespaces": allowed}} if allowed else {}))


def test_permission_is_needed_and_its_end_is_the_traffics_end() -> None:
    with namespace("guests", team="agents") as guests, namespace("office") as host:
        apply(host, server("office", replicas=1), office())
        apply(guests, crossing(host))
        refused = wait_for_condition(guests, "mgw/edge", "ResolvedRefs", "False", seconds=5)
        assert refused["reason"] == "RefNotPermitted"
        assert "spec.allowedGateways" in refused["message"]
        wait_for("the gateway runs", 60, lambda: _status(guests) == 503)

        labels = {"matchLabels": {"team": "agents"}}
        apply(host, office(**{"from": "Selector", "selector": labels}))
        wait_for("the permission acts", 30, lambda: _call(guests))

        began = time.monotonic()
        apply(host, office())
        wait_for("the traffic ends", 10, lambda: _status(guests) == 503)
        assert time.monotonic() - began <= 2.0 + 0.5, "2 s, and one look of this test"


def _url(place: str) -> str:
    return f"http://{service_address(place, 'edge-gateway')}/mcp"


def _call(place: str) -> str | None:
    return asyncio.run(first_answer(_url(place), "edge-gateway"))


def _status(place: str) -> int:
    return asyncio.run(_status_of(_url(place)))


async def _status_of(url: str) -> int:
    params = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "guest", "version": "1"},
    }
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    headers = {"Accept": "application/json, text/event-stream", "Host": "edge-gateway"}
    try:
        async with (
            aiohttp.ClientSession() as http,
            http.post(url, json=message, headers=headers) as answer,
        ):
            return answer.status
    except aiohttp.ClientError:
        return 0

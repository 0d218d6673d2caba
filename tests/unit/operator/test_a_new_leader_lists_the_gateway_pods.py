"""A new leader learns the gateways' pods by their slices, and trusts these when they name all."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from moorage_operator.api.metadata import ResourceName
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.running import expected_pods
from moorage_operator.running.expected_pods import tell_expected_pods

GATEWAY = ResourceName("desk", "agents")
METADATA = {"namespace": "desk", "labels": {"moorage.dev/gateway": "agents"}}


class Cluster(ClusterClient):
    """Answers lists, one object a page."""

    def __init__(self, replicas: int, *named: str) -> None:
        self.deployments = [
            {"metadata": METADATA, "status": {"replicas": replicas + 1, "readyReplicas": replicas}}
        ]
        self.slices = [{"metadata": METADATA, "endpoints": [_endpoint(name)]} for name in named]

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        assert query is not None
        items = self.slices if path.endswith("endpointslices") else self.deployments
        at = int(query.get("continue", "0"))
        rest = {"continue": str(at + 1)} if at + 1 < len(items) else {}
        return {"metadata": rest, "items": items[at : at + 1]}


class Channel:
    def __init__(self) -> None:
        self.told: list[set[tuple[ResourceName, str]]] = []

    def expect(self, pods: frozenset[tuple[ResourceName, str]]) -> None:
        self.told.append(set(pods))


def _endpoint(name: str) -> dict[str, Any]:
    return {"targetRef": {"kind": "Pod", "name": name}}


@pytest.fixture
def channel(monkeypatch: pytest.MonkeyPatch) -> Channel:
    monkeypatch.setattr(expected_pods, "AGAIN_SECONDS", 0.5)
    return Channel()


async def test_pods_of_all_pages_are_told_where_all_are_named(channel: Channel) -> None:
    await tell_expected_pods(Cluster(2, "one", "two", "leaving"), (), channel)

    assert channel.told == [{(GATEWAY, "one"), (GATEWAY, "two"), (GATEWAY, "leaving")}]


async def test_where_there_are_no_gateways_nobody_is_waited_for(channel: Channel) -> None:
    await tell_expected_pods(Cluster(0), (), channel)

    assert channel.told == [set()]


async def test_a_pod_that_no_slice_names_yet_is_waited_for(channel: Channel) -> None:
    cluster = Cluster(2, "one")
    telling = asyncio.create_task(tell_expected_pods(cluster, (), channel))
    await asyncio.sleep(0.1)
    assert channel.told == []

    cluster.slices = Cluster(2, "one", "two").slices
    await asyncio.wait_for(telling, 5)

    assert channel.told == [{(GATEWAY, "one"), (GATEWAY, "two")}]

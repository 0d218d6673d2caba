"""Where namespaces cannot be watched, what changes of them is noticed at the next look."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from fakes.kubectl import kubectl, namespace
from integration.operator.resources import gateway
from moorage_operator.api.metadata import ResourceName
from moorage_operator.cluster.api_client import ClusterClient, load_configuration
from moorage_operator.running.child_writer import ChildWriter
from moorage_operator.running.extracts import resource_extract
from moorage_operator.running.links import Links
from moorage_operator.running.noticed import Noticed
from moorage_operator.running.read_namespaces import look_at_namespaces, read_namespace
from moorage_operator.running.resource_key import ResourceKey, gateway_key
from moorage_operator.running.world import World

pytestmark = pytest.mark.cluster


@pytest.fixture
def home() -> Iterator[str]:
    with namespace("w-read", team="a") as name:
        yield name


@pytest.fixture
async def client() -> AsyncIterator[ClusterClient]:
    client = ClusterClient(await load_configuration(), None, lambda *_: None, "moorage-test")
    yield client
    await client.close()


def _gateway(home: str) -> Any:
    metadata = {"uid": "uid", "resourceVersion": "1", "creationTimestamp": "2026-11-24T00:00:00Z"}
    document = gateway(home, "agents")
    return resource_extract({**document, "metadata": {**document["metadata"], **metadata}})


async def test_a_label_taken_away_and_an_end_are_noticed(home: str, client: ClusterClient) -> None:
    name, enqueued = ResourceName(home, "agents"), list[ResourceKey]()
    gateways = {name: [_gateway(home)]}
    world = World({"gateways": gateways, "groups": {}}, Links())
    noticed = Noticed(world.links, ChildWriter(client, lambda: 0.0), enqueued.append)
    noticed.gateway(gateways[name][0], gone=False)
    assert world.known_namespace(home) is None
    world.read_namespaces[home] = await read_namespace(client, home)
    enqueued.clear()

    await look_at_namespaces(client, world, noticed)
    assert enqueued == []
    assert world.namespace(home).labels["team"] == "a"

    kubectl("label", "namespace", home, "team-")
    await look_at_namespaces(client, world, noticed)
    assert enqueued == [gateway_key(name)]
    assert "team" not in world.namespace(home).labels

    hold = '{"spec": {"finalizers": ["kubernetes"]}, "metadata": {"finalizers": ["moorage.dev/w"]}}'
    kubectl("patch", "namespace", home, "--type=merge", "-p", hold)
    kubectl("delete", "namespace", home, "--wait=false")
    enqueued.clear()
    await look_at_namespaces(client, world, noticed)
    assert enqueued == [gateway_key(name)]
    assert world.namespace(home).terminating
    kubectl("patch", "namespace", home, "--type=merge", "-p", '{"metadata": {"finalizers": null}}')

    gateways.clear()
    await look_at_namespaces(client, world, noticed)
    assert world.read_namespaces == {}

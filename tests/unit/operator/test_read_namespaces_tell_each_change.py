"""Where namespaces are read by name, each reading that differs from the last one is told."""

from typing import Any

from moorage_operator.api.metadata import ResourceName
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.cluster.errors import refusal
from moorage_operator.running.child_writer import ChildWriter
from moorage_operator.running.extracts import ResourceExtract, resource_extract
from moorage_operator.running.links import Links
from moorage_operator.running.noticed import Noticed
from moorage_operator.running.read_namespaces import look_at_namespaces, read_namespace
from moorage_operator.running.resource_key import ResourceKey, gateway_key
from moorage_operator.running.world import World

GATEWAY = ResourceName("desk", "agents")


class _OneNamespace(ClusterClient):
    """Answers with the namespace as it is, or that it may not be read."""

    def __init__(self) -> None:
        self.labels: dict[str, str] | None = {"team": "a"}

    async def request(self, verb: str, path: str, *arguments: Any, **more: Any) -> dict[str, Any]:
        if self.labels is None:
            raise refusal(f"{verb} {path}", 403, "Forbidden", "no right")
        metadata = {"name": "desk", "uid": "n", "resourceVersion": "5", "labels": self.labels}
        return {"metadata": metadata}


def _gateway() -> ResourceExtract:
    metadata = {
        "namespace": "desk",
        "name": "agents",
        "uid": "g",
        "resourceVersion": "1",
        "creationTimestamp": "2026-11-24T00:00:00Z",
    }
    document = {"apiVersion": "moorage.dev/v1alpha1", "kind": "McpGateway", "metadata": metadata}
    return resource_extract({**document, "spec": {}})


async def test_labels_that_may_not_be_read_for_a_while_are_lost_and_come_back() -> None:
    client, enqueued = _OneNamespace(), list[ResourceKey]()
    world = World({"gateways": {GATEWAY: [_gateway()]}, "groups": {}}, Links())
    noticed = Noticed(world.links, ChildWriter(client, lambda: 0.0), enqueued.append)
    noticed.gateway(_gateway(), gone=False)
    world.read_namespaces["desk"] = await read_namespace(client, "desk")

    for labels in ({"team": "b"}, None, {"team": "b"}, {"team": "a"}):
        client.labels = labels
        enqueued.clear()
        await look_at_namespaces(client, world, noticed)
        assert enqueued == [gateway_key(GATEWAY)], labels
        assert world.namespace("desk").labels == (labels or {})
        enqueued.clear()
        await look_at_namespaces(client, world, noticed)
        assert enqueued == [], labels

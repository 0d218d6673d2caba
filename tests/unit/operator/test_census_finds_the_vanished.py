"""Objects that were deleted while nobody watched are taken for gone, and their owners looked at."""

from collections.abc import Mapping
from typing import Any

from moorage_operator.api.metadata import ResourceName
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.running.census import Census
from moorage_operator.running.child_writer import ChildWriter
from moorage_operator.running.extracts import child_extract, namespace_extract, resource_extract
from moorage_operator.running.links import GatewayLinks, Links
from moorage_operator.running.noticed import Noticed
from moorage_operator.running.resource_key import ResourceKey, gateway_key, group_key
from moorage_operator.running.world import World

GATEWAY = ResourceName("agents", "g")
LABELS = {"app.kubernetes.io/managed-by": "moorage", "moorage.dev/gateway": "g"}


def _document(kind: str, name: str, uid: str, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "moorage.dev/v1alpha1",
        "kind": kind,
        "metadata": {
            "namespace": "agents",
            "name": name,
            "uid": uid,
            "resourceVersion": "1",
            "creationTimestamp": "2026-11-24T00:00:00Z",
            **metadata,
        },
    }


class _ListedUids(ClusterClient):
    """Answers lists with these uids, by the path's plural."""

    def __init__(self, **uids: list[str]) -> None:
        self._uids = uids

    async def request(
        self, verb: str, path: str, body: dict[str, Any] | None = None, **_: Any
    ) -> dict[str, Any]:
        uids = self._uids.get(path.rpartition("/")[2], [])
        return {"items": [{"metadata": {"uid": uid}} for uid in uids]}


def _namespace(uid: str, version: int, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": "agents", "uid": uid, "resourceVersion": str(version), **metadata}}


def _census(client: ClusterClient) -> tuple[Census, World, list[ResourceKey]]:
    gateway = resource_extract(_document("McpGateway", "g", "uid-g"))
    service = child_extract("Service", _document("Service", "g-gateway", "uid-s", labels=LABELS))
    indices: Mapping[str, Any] = {
        "gateways": {GATEWAY: [gateway]},
        "groups": {},
        "workloads": {},
        "namespaces": {
            "agents": [
                namespace_extract(_namespace("old", 1, deletionTimestamp="2026-11-24T00:00:00Z")),
                namespace_extract(_namespace("new", 2)),
            ]
        },
        "children": {service.key: [service], service.responsible: [service]},
    }
    links, enqueued = Links(), list[ResourceKey]()
    named = GatewayLinks(frozenset({ResourceName("agents", "tickets")}))
    links.put_gateway(GATEWAY, gateway.incarnation, named)
    world = World(indices, links)
    noticed = Noticed(links, ChildWriter(client, lambda: 0.0), enqueued.append)
    noticed.gateway(gateway, gone=False)
    enqueued.clear()
    census = Census(client, world, noticed, (), lambda key, _: enqueued.append(key), lambda: None)
    return census, world, enqueued


async def test_nothing_happens_while_all_are_there() -> None:
    census, world, enqueued = _census(
        _ListedUids(mcpgateways=["uid-g"], services=["uid-s"], namespaces=["old", "new"])
    )
    assert await census.count() == 0
    assert enqueued == []
    assert world.gateway(GATEWAY) is not None


async def test_a_vanished_child_makes_its_owner_due() -> None:
    census, world, enqueued = _census(_ListedUids(mcpgateways=["uid-g"], namespaces=["old", "new"]))
    assert await census.count() == 1
    assert enqueued == [gateway_key(GATEWAY)]
    assert world.children_of(gateway_key(GATEWAY)) == []
    assert await census.count() == 0


async def test_a_vanished_gateway_is_forgotten_and_its_groups_are_due() -> None:
    census, world, enqueued = _census(_ListedUids(services=["uid-s"], namespaces=["old", "new"]))
    assert await census.count() == 1
    assert world.gateway(GATEWAY) is None
    assert world.links.groups_of(GATEWAY) == frozenset()
    assert set(enqueued) == {gateway_key(GATEWAY), group_key(ResourceName("agents", "tickets"))}


async def test_a_vanished_namespace_is_gone_and_the_one_of_its_name_counts() -> None:
    everything_else = {"mcpgateways": ["uid-g"], "services": ["uid-s"]}
    census, world, enqueued = _census(_ListedUids(**everything_else, namespaces=["new"]))
    assert not world.namespace("agents").terminating
    assert await census.count() == 1
    assert gateway_key(GATEWAY) in enqueued
    census, world, _ = _census(_ListedUids(**everything_else, namespaces=["old"]))
    assert await census.count() == 1
    assert world.namespace("agents").terminating

"""A gateway serves by a table of before: what becomes of a group that only it names is told."""

import base64
from typing import Any

import pytest

from fakes.cr_documents import gateway_document, group_document, route
from moorage_contract.route_table import Group, RouteTable
from moorage_operator.api.metadata import ResourceName
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.planning.snapshot import GroupDemand
from moorage_operator.planning.table_document import compress_table
from moorage_operator.running.child_writer import ChildWriter
from moorage_operator.running.extracts import child_extract, resource_extract
from moorage_operator.running.links import Links, gateway_links
from moorage_operator.running.noticed import Noticed
from moorage_operator.running.outside_objects import OutsideObjects
from moorage_operator.running.published_tables import PublishedTables
from moorage_operator.running.resource_key import ResourceKey, gateway_key
from moorage_operator.running.snapshots import Snapshots
from moorage_operator.running.status_writer import StatusWriter
from moorage_operator.running.world import World

GATEWAY = ResourceName("desk", "agents")
GROUP = ResourceName("elsewhere", "tickets")


class _NoReports:
    def reports(self, gateway: ResourceName) -> tuple[Any, ...]:
        return ()

    def demand(self, group: ResourceName) -> GroupDemand:
        return GroupDemand()


def _with_metadata(document: dict[str, Any], uid: str, **more: Any) -> dict[str, Any]:
    metadata = {"uid": uid, "resourceVersion": "1", "creationTimestamp": "2026-11-24T00:00:00Z"}
    return {**document, "metadata": {**document.get("metadata", {}), **metadata, **more}}


def _group(generation: int) -> Any:
    metadata = {"namespace": "elsewhere", "generation": generation}
    return resource_extract(_with_metadata(group_document(), "uid-t", **metadata))


def _table() -> Any:
    entry = Group(name=str(GROUP), source="External")
    table = RouteTable(gateway=str(GATEWAY), hostnames=(), routes=(), groups=(entry,))
    data = {"table": base64.b64encode(compress_table(table)).decode()}
    metadata = {"namespace": "desk", "name": "agents-gateway"}
    owners = [{"uid": "uid-g", "controller": True}]
    body = {"kind": "ConfigMap", "binaryData": data}
    return _with_metadata(body, "uid-c", **metadata, ownerReferences=owners)


@pytest.mark.parametrize("gone", [True, False])
async def test_a_group_that_only_the_published_table_names_concerns_its_gateway(gone: bool) -> None:
    document = _with_metadata(gateway_document(routes=[route("no path", "notes")]), "uid-g")
    gateway, group = resource_extract(document), _group(1)
    table = child_extract("ConfigMap", _table())
    links, enqueued, client = Links(), list[ResourceKey](), ClusterClient.__new__(ClusterClient)
    links.put_gateway(GATEWAY, gateway.incarnation, gateway_links(GATEWAY, document))
    indices: dict[str, Any] = {
        "gateways": {GATEWAY: [gateway]},
        "groups": {GROUP: [group]},
        "workloads": {},
        "children": {table.key: [table]},
        "namespaces": {},
    }
    children = ChildWriter(client, lambda: 0.0)
    children.left.put(_table(), table, 0.0)
    noticed = Noticed(links, children, enqueued.append)
    noticed.group(group, gone=False)
    outside = OutsideObjects(client, lambda: 0.0)
    tables, world = PublishedTables(client, children.left), World(indices, links)
    snapshots = Snapshots(
        world,
        outside,
        tables,
        _NoReports(),
        StatusWriter(client, lambda: 0.0).previous,
        clusterwide=True,
    )
    snapshot = await snapshots.gateway(gateway, {})
    assert snapshot.published_groups.keys() == {GROUP}
    enqueued.clear()

    noticed.group(_group(1 if gone else 2), gone=gone)

    assert gateway_key(GATEWAY) in enqueued

"""Pods of a former gateway report on for a while: what they say is not about the present one."""

from typing import Any

from moorage_operator.api.metadata import ResourceName
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.planning.snapshot import GatewayPodReport, GroupDemand
from moorage_operator.running.extracts import ChildExtract, child_extract, resource_extract
from moorage_operator.running.left_children import LeftChildren
from moorage_operator.running.links import Links
from moorage_operator.running.outside_objects import OutsideObjects
from moorage_operator.running.published_tables import PublishedTables
from moorage_operator.running.snapshots import Snapshots
from moorage_operator.running.status_writer import StatusWriter
from moorage_operator.running.world import World

GATEWAY = ResourceName("agents", "g")


class _Reports:
    """What three pods said: of this gateway, of a former one, and one whose token names none."""

    def reports(self, gateway: ResourceName) -> tuple[GatewayPodReport, ...]:
        assert gateway == GATEWAY
        return tuple(_report(uid) for uid in ("present", "former", ""))

    def demand(self, group: ResourceName) -> GroupDemand:
        raise AssertionError(f"nobody asks for {group} here")


def _report(account_uid: str) -> GatewayPodReport:
    return GatewayPodReport(f"pod-of-{account_uid}", "", frozenset(), 0, 0, account_uid)


def _metadata(name: str, uid: str, version: int) -> dict[str, Any]:
    return {
        "namespace": "agents",
        "name": name,
        "uid": uid,
        "resourceVersion": str(version),
        "creationTimestamp": "2026-11-24T00:00:00Z",
    }


def _account(uid: str, version: int) -> ChildExtract:
    return child_extract("ServiceAccount", {"metadata": _metadata("g-gateway", uid, version)})


async def _counted(*accounts: ChildExtract) -> set[str]:
    """The accounts of the reports that count for the gateway."""
    document = {
        "apiVersion": "moorage.dev/v1alpha1",
        "kind": "McpGateway",
        "metadata": _metadata("g", "uid-g", 1),
        "spec": {"routes": []},
    }
    gateway = resource_extract(document)
    children = {each.key: accounts for each in accounts}
    indices: dict[str, Any] = {
        "gateways": {GATEWAY: [gateway]},
        "groups": {},
        "workloads": {},
        "children": children,
        "namespaces": {},
    }
    client = ClusterClient.__new__(ClusterClient)
    outside, tables = OutsideObjects(client, lambda: 0.0), PublishedTables(client, LeftChildren())
    world = World(indices, Links())
    snapshots = Snapshots(
        world,
        outside,
        tables,
        _Reports(),
        StatusWriter(client, lambda: 0.0).previous,
        clusterwide=True,
    )
    snapshot = await snapshots.gateway(gateway, {})
    return {each.account_uid for each in snapshot.reports}


async def test_only_pods_with_the_gateways_own_account_count() -> None:
    assert await _counted(_account("present", 5)) == {"present", ""}


async def test_the_newer_of_two_accounts_is_the_gateways() -> None:
    assert await _counted(_account("former", 4), _account("present", 5)) == {"present", ""}


async def test_all_count_while_the_account_is_not_known() -> None:
    assert await _counted() == {"present", "former", ""}

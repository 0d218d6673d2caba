"""Whose a host name is stands in statuses, and those that were just written count at once."""

from typing import Any

from moorage_operator.api.metadata import ResourceName
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.planning.snapshot import GroupDemand
from moorage_operator.running.extracts import ResourceExtract, resource_extract
from moorage_operator.running.left_children import LeftChildren
from moorage_operator.running.links import Links, gateway_links
from moorage_operator.running.outside_objects import OutsideObjects
from moorage_operator.running.published_tables import PublishedTables
from moorage_operator.running.resource_key import gateway_key
from moorage_operator.running.snapshots import Snapshots
from moorage_operator.running.status_writer import StatusWriter
from moorage_operator.running.world import World

NAME = "mcp.example.com"
OLDER, YOUNGER = ResourceName("a", "older"), ResourceName("b", "younger")


class _Statuses(ClusterClient):
    """Takes each status."""

    def __init__(self) -> None:
        pass

    async def request(
        self, verb: str, path: str, body: dict[str, Any] | None = None, **_: Any
    ) -> dict[str, Any]:
        assert body is not None and path.endswith("/status")
        return {**body, "metadata": {**body["metadata"], "resourceVersion": "9"}}


class _NoReports:
    def reports(self, gateway: ResourceName) -> tuple[Any, ...]:
        return ()

    def demand(self, group: ResourceName) -> GroupDemand:
        raise AssertionError(f"nobody asks for {group} here")


def _gateway(name: ResourceName, created_at: str, *held: str) -> ResourceExtract:
    metadata = {
        "namespace": name.namespace,
        "name": name.name,
        "uid": f"uid-{name.name}",
        "resourceVersion": "1",
        "creationTimestamp": created_at,
    }
    return resource_extract(
        {
            "apiVersion": "moorage.dev/v1alpha1",
            "kind": "McpGateway",
            "metadata": metadata,
            "spec": {"listener": {"hostnames": [NAME]}, "routes": []},
            "status": {"hostnames": list(held)},
        }
    )


class _Leader:
    """One process that leads from now on, by the gateways that it sees."""

    def __init__(self, *gateways: ResourceExtract) -> None:
        client, links = _Statuses(), Links()
        self.seen = {each.observed.name: each for each in gateways}
        for name, each in self.seen.items():
            links.put_gateway(name, each.incarnation, gateway_links(name, each.observed.document))
        indices: dict[str, Any] = {
            "gateways": {name: [each] for name, each in self.seen.items()},
            "groups": {},
            "workloads": {},
            "children": {},
            "namespaces": {},
        }
        self.statuses = StatusWriter(client, lambda: 0.0)
        self._snapshots = Snapshots(
            World(indices, links),
            OutsideObjects(client, lambda: 0.0),
            PublishedTables(client, LeftChildren()),
            _NoReports(),
            self.statuses.previous,
            clusterwide=True,
        )

    async def owners(self, name: ResourceName) -> list[ResourceName]:
        """Who else has a host name of this gateway."""
        snapshot = await self._snapshots.gateway(self.seen[name], {})
        return list(snapshot.hostname_owners.values())


async def test_a_new_leader_finds_who_serves_a_name_in_the_status() -> None:
    leader = _Leader(
        _gateway(OLDER, "2026-11-24T00:00:00Z"), _gateway(YOUNGER, "2026-11-25T00:00:00Z", NAME)
    )
    assert await leader.owners(YOUNGER) == []
    assert await leader.owners(OLDER) == [YOUNGER]


async def test_a_status_that_was_just_written_counts_before_it_is_observed() -> None:
    younger = _gateway(YOUNGER, "2026-11-25T00:00:00Z")
    leader = _Leader(_gateway(OLDER, "2026-11-24T00:00:00Z"), younger)
    assert await leader.owners(YOUNGER) == [OLDER]
    served = {"hostnames": [NAME]}
    await leader.statuses.write(gateway_key(YOUNGER), younger.observed, {}, served)
    assert await leader.owners(YOUNGER) == []
    assert await leader.owners(OLDER) == [YOUNGER]

"""A group whose Secret may not be written: the gateway goes on with all others, and tells it."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from fakes.cr_documents import gateway_document, image_group_document, route
from moorage_contract.route_table import RouteTable
from moorage_operator.api.installation import InstallationSettings
from moorage_operator.api.metadata import ResourceName
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.cluster.errors import ClusterError, ObjectConflict, refusal
from moorage_operator.planning.snapshot import GroupDemand, Plan
from moorage_operator.planning.table_document import read_table
from moorage_operator.running.child_writer import ChildWriter
from moorage_operator.running.extracts import resource_extract
from moorage_operator.running.key_keeper import KeyKeeper
from moorage_operator.running.links import Links, gateway_links
from moorage_operator.running.outside_objects import OutsideObjects
from moorage_operator.running.planner import Planner
from moorage_operator.running.published_tables import PublishedTables
from moorage_operator.running.refused_children import RefusedChild
from moorage_operator.running.snapshots import Snapshots
from moorage_operator.running.status_writer import StatusWriter
from moorage_operator.running.world import World

GATEWAY = ResourceName("desk", "agents")
GROUPS = ("notes", "tickets")
NO_MORE = refusal("POST", 403, "Forbidden", "exceeded quota: none")
ENDING = refusal("POST", 403, "Forbidden", "forbidden because it is being terminated")


class _Secrets(ClusterClient):
    """Holds Secrets; the one of the group tickets may neither be read nor made once ``error``."""

    def __init__(self) -> None:
        self.error: ClusterError | None = None
        self.held: dict[str, dict[str, Any]] = {}

    async def request(
        self, verb: str, path: str, body: dict[str, Any] | None = None, **_: Any
    ) -> dict[str, Any]:
        name = body["metadata"]["name"] if verb == "POST" and body else path.rpartition("/")[2]
        if self.error is not None and name == "tickets-upstream":
            raise self.error if verb == "POST" else refusal(path, 403, "Forbidden", "")
        if verb == "GET":
            if name not in self.held:
                raise refusal(path, 404, "NotFound", "")
            return self.held[name]
        assert body is not None
        before = self.held.get(name, {})
        metadata = {**before.get("metadata", {}), **body["metadata"]}
        metadata |= {"uid": "u", "resourceVersion": "1"}
        self.held[name] = {**before, **body, "metadata": metadata}
        return self.held[name]

    @property
    def group_keys(self) -> set[str]:
        data = self.held["agents-gateway"]["data"]["groups"]
        return set(json.loads(base64.b64decode(data)))


class _NoReports:
    def reports(self, gateway: ResourceName) -> tuple[Any, ...]:
        return ()

    def demand(self, group: ResourceName) -> GroupDemand:
        return GroupDemand()


class _Operator:
    def __init__(self, client: ClusterClient) -> None:
        document = gateway_document(routes=[route(f"/{name}", name) for name in GROUPS])
        groups = {ResourceName("desk", name): _extract(_stdio(name)) for name in GROUPS}
        self._gateway, links = _extract(document), Links()
        links.put_gateway(GATEWAY, self._gateway.incarnation, gateway_links(GATEWAY, document))
        indices: dict[str, Any] = {"gateways": {GATEWAY: [self._gateway]}, "workloads": {}}
        indices |= {"groups": {name: [each] for name, each in groups.items()}}
        indices |= {"children": {}, "namespaces": {}}
        world, clock = World(indices, links), lambda: 0.0
        outside, children = OutsideObjects(client, clock), ChildWriter(client, clock)
        tables = PublishedTables(client, children.left)
        self._planner = Planner(
            world,
            Snapshots(
                world,
                outside,
                tables,
                _NoReports(),
                StatusWriter(client, lambda: 0.0).previous,
                clusterwide=True,
            ),
            children,
            KeyKeeper(client, clock, 30),
            InstallationSettings(gateway_image="moorage/gateway:dev"),
        )

    async def plan(self) -> tuple[Plan, list[RefusedChild]]:
        _, plan, refused = await self._planner.gateway(self._gateway)
        return plan, refused


def _stdio(name: str) -> dict[str, Any]:
    document = image_group_document()
    return {**document, "metadata": {**document["metadata"], "name": name}}


def _extract(document: dict[str, Any]) -> Any:
    metadata = {"resourceVersion": "1", "creationTimestamp": "2026-11-24T00:00:00Z"}
    metadata["uid"] = document["metadata"]["name"]
    return resource_extract({**document, "metadata": {**document["metadata"], **metadata}})


def _table(plan: Plan) -> RouteTable:
    (data,) = [each["binaryData"] for each in plan.children if each["kind"] == "ConfigMap"]
    assert isinstance(data, dict)
    table = read_table(base64.b64decode(data["table"]))
    assert table is not None
    return table


def _unresolved(plan: Plan) -> Iterator[tuple[str, str]]:
    return ((each.name, each.unresolved) for each in _table(plan).groups if each.unresolved)


async def test_the_other_groups_are_served_and_the_status_tells_which_is_not() -> None:
    client = _Secrets()
    client.error = NO_MORE
    plan, refused = await _Operator(client).plan()

    why = "it has no key yet, for its Secret cannot be written: HTTP 403"
    assert dict(_unresolved(plan)) == {"tickets": why}
    assert client.group_keys == {"desk/notes"}
    assert [str(each.key.name) for each in refused] == ["tickets-upstream"]
    (told,) = [each for each in plan.conditions if each.type == "ResolvedRefs"]
    assert (told.reason, why in told.message) == ("UpstreamFailed", True)


async def test_a_key_that_the_gateway_has_already_stays_in_use() -> None:
    client = _Secrets()
    await _Operator(client).plan()
    before = dict(client.held)
    client.error = NO_MORE
    plan, refused = await _Operator(client).plan()

    assert dict(_unresolved(plan)) == {}
    assert client.group_keys == {"desk/notes", "desk/tickets"}
    assert client.held == before
    assert len(refused) == 1


async def test_a_group_whose_namespace_ends_is_no_reason_to_warn_or_wait() -> None:
    client = _Secrets()
    client.error = ENDING
    plan, refused = await _Operator(client).plan()
    assert [name for name, _ in _unresolved(plan)] == ["tickets"]
    assert refused == []


async def test_a_conflict_passes_and_is_tried_again_as_a_whole() -> None:
    client = _Secrets()
    client.error = refusal("POST", 409, "Conflict", "the quota was changed meanwhile")
    with pytest.raises(ObjectConflict):
        await _Operator(client).plan()

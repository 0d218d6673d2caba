"""One gateway with two stdio groups, planned in process over Secrets in memory."""

import base64
import json
from dataclasses import replace
from typing import Any

from fakes.cr_documents import gateway_document, image_group_document, route
from moorage_contract.route_table import RouteTable
from moorage_operator.api.installation import InstallationSettings
from moorage_operator.api.metadata import ResourceName
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.cluster.errors import ClusterError, refusal
from moorage_operator.planning.snapshot import GroupDemand, GroupSnapshot, ObservedResource, Plan
from moorage_operator.planning.table_document import compress_table, read_table
from moorage_operator.rendering.gateway_children import render_table
from moorage_operator.rendering.owner import Owner
from moorage_operator.running.child_writer import ChildWriter
from moorage_operator.running.extracts import child_extract, resource_extract, workload_extract
from moorage_operator.running.key_keeper import KeyKeeper
from moorage_operator.running.links import Links, gateway_links
from moorage_operator.running.newest import Incarnation
from moorage_operator.running.outside_objects import OutsideObjects
from moorage_operator.running.planner import Planner
from moorage_operator.running.published_tables import PublishedTables
from moorage_operator.running.refused_children import RefusedChild
from moorage_operator.running.snapshots import Snapshots
from moorage_operator.running.status_writer import StatusWriter
from moorage_operator.running.world import World

GATEWAY = ResourceName("desk", "agents")
GROUPS = ("notes", "tickets")


class Secrets(ClusterClient):
    """Holds Secrets; the one of the group tickets may neither be read nor made once ``error``."""

    def __init__(self) -> None:
        self.refused = ""
        """The name of a Secret that may not be changed."""
        self.error: ClusterError | None = None
        self.held: dict[str, dict[str, Any]] = {}
        self.tables: dict[str, dict[str, Any]] = {}
        """ConfigMaps that can be read."""

    async def request(
        self, verb: str, path: str, body: dict[str, Any] | None = None, **_: Any
    ) -> dict[str, Any]:
        if verb == "GET" and path.rpartition("/")[2] in self.tables and "/configmaps/" in path:
            return self.tables[path.rpartition("/")[2]]
        if "/secrets" not in path:
            raise refusal(path, 404, "NotFound", "")
        name = body["metadata"]["name"] if verb == "POST" and body else path.rpartition("/")[2]
        if self.error is not None and name == "tickets-upstream":
            raise self.error if verb == "POST" else refusal(path, 403, "Forbidden", "")
        if verb == "GET":
            if name not in self.held:
                raise refusal(path, 404, "NotFound", "")
            return self.held[name]
        if name == self.refused:
            raise refusal(verb, 403, "Forbidden", "a webhook refuses it")
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


class PlannedGateway:
    def __init__(self, client: Secrets) -> None:
        self._client = client
        document = gateway_document(routes=[route(f"/{name}", name) for name in GROUPS])
        groups = {ResourceName("desk", name): _extract(_stdio(name)) for name in GROUPS}
        self._gateway, self.links = _extract(document), Links()
        self.links.put_gateway(GATEWAY, self._gateway.incarnation, gateway_links(GATEWAY, document))
        indices: dict[str, Any] = {"gateways": {GATEWAY: [self._gateway]}, "workloads": {}}
        indices |= {"groups": {name: [each] for name, each in groups.items()}}
        indices |= {"children": {}, "namespaces": {}}
        self._indices = indices
        world, clock = World(indices, self.links), lambda: 0.0
        outside, self._children = OutsideObjects(client, clock), ChildWriter(client, clock)
        tables = PublishedTables(client, self._children.left)
        self.keys = KeyKeeper(client, clock, 30)
        statuses = StatusWriter(client, clock)
        self.snapshots = Snapshots(
            world, outside, tables, _NoReports(), statuses.previous, clusterwide=True
        )
        self._planner = Planner(
            world,
            self.snapshots,
            self._children,
            self.keys,
            InstallationSettings(gateway_image="moorage/gateway:dev"),
        )

    async def plan(self) -> tuple[Plan, list[RefusedChild]]:
        _, plan, refused = await self._planner.gateway(self._gateway)
        return plan, refused

    @property
    def observed(self) -> ObservedResource:
        observed: ObservedResource = self._gateway.observed
        return observed

    async def plan_group(self, name: str, namespace: str = "desk") -> GroupSnapshot:
        """The group as it is after its keys were seen to."""
        (seen,) = self._indices["groups"][ResourceName(namespace, name)]
        return (await self._planner.group(seen))[0]

    async def bring(self) -> RouteTable:
        """Plan, and have the Deployment and the table written, which is returned."""
        plan, _ = await self.plan()
        for child in plan.children:
            if child["kind"] == "Deployment":
                key = ("Deployment", ResourceName("desk", "agents-gateway"))
                self._indices["workloads"][key] = [workload_extract("Deployment", _written(child))]
        written = _written(next(each for each in plan.children if each["kind"] == "ConfigMap"))
        extract = child_extract("ConfigMap", written)
        self._indices["children"][extract.key] = [extract]
        self._children.left.put(written, extract, 0.0)
        return table_of(plan)

    def rewrite(self, spec: dict[str, Any]) -> None:
        """The gateway's document has these members now."""
        document = self._gateway.observed.document
        document = {**document, "spec": {**document["spec"], **spec}}
        self._gateway = replace(
            self._gateway, observed=replace(self._gateway.observed, document=document), version=2
        )
        self._indices["gateways"][GATEWAY] = [self._gateway]
        self._link()

    def forget_links(self) -> None:
        """As a new leader has them: by documents alone."""
        self.links.end_gateway(GATEWAY, self.observed.uid)
        self._link()

    def _link(self) -> None:
        one = Incarnation(self.observed.uid, 2)
        self.links.put_gateway(GATEWAY, one, gateway_links(GATEWAY, self.observed.document))

    def add_group(self, name: ResourceName, spec: dict[str, Any]) -> None:
        """There is a stdio group more."""
        document = _stdio(name.name)
        document["metadata"]["namespace"] = name.namespace
        document["spec"] |= spec
        self._indices["groups"][name] = [_extract(document)]

    def edit_table(self, table: RouteTable) -> None:
        """Whoever may edit the ConfigMap writes this, and then the leader changes."""
        owner = Owner.gateway(GATEWAY.namespace, GATEWAY.name, self._gateway.observed.uid)
        edited = _written(render_table(owner, table, compress_table(table)))
        extract = child_extract("ConfigMap", edited)
        self._client.tables["agents-gateway"] = edited
        self._indices["children"][extract.key] = [extract]
        self._children.left.forget(extract.key)

    def rewrite_group(self, name: str, spec: dict[str, Any], namespace: str = "desk") -> None:
        """The group's document has these members too."""
        (seen,) = self._indices["groups"][ResourceName(namespace, name)]
        document = seen.observed.document
        document = {**document, "spec": {**document["spec"], **spec}}
        changed = replace(seen, observed=replace(seen.observed, document=document))
        self._indices["groups"][ResourceName(namespace, name)] = [changed]


def _written(child: Any) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(json.dumps(child))
    written["metadata"] |= {"uid": child["kind"], "resourceVersion": "1"}
    return written


def _stdio(name: str) -> dict[str, Any]:
    document = image_group_document()
    return {**document, "metadata": {**document["metadata"], "name": name}}


def _extract(document: dict[str, Any]) -> Any:
    metadata = {"resourceVersion": "1", "creationTimestamp": "2026-11-24T00:00:00Z"}
    metadata["uid"] = document["metadata"]["name"]
    return resource_extract({**document, "metadata": {**document["metadata"], **metadata}})


def table_of(plan: Plan) -> RouteTable:
    (data,) = [each["binaryData"] for each in plan.children if each["kind"] == "ConfigMap"]
    assert isinstance(data, dict)
    table = read_table(base64.b64decode(data["table"]))
    assert table is not None
    return table

"""Freezing all that bears on one resource, from indices, report channel and a few readings."""

from collections.abc import Callable, Container, Mapping
from dataclasses import replace
from typing import Any, Protocol

from moorage_contract.route_table import RouteTable
from moorage_operator.api.findings import SpecError
from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.workload_source import WorkloadSource
from moorage_operator.planning.documents import read_gateway, read_group
from moorage_operator.planning.hostnames import hostname_owner, named_hostnames
from moorage_operator.planning.route_table import table_target
from moorage_operator.planning.snapshot import (
    ChildKey,
    GatewayPodReport,
    GatewaySnapshot,
    GroupDemand,
    GroupSnapshot,
    ObservedChild,
    ObservedDeployment,
    ObservedResource,
    ObservedTlsSecret,
    ServingGateway,
)
from moorage_operator.rendering.child_names import gateway_child_name, group_child_name
from moorage_operator.running.extracts import ChildExtract, NamespaceExtract, ResourceExtract
from moorage_operator.running.links import WorkloadRef, workload_ref
from moorage_operator.running.outside_objects import OutsideObjects
from moorage_operator.running.published_tables import PublishedTables
from moorage_operator.running.resource_key import ResourceKey, gateway_key, group_key
from moorage_operator.running.world import World

NewestStatus = Callable[[ResourceKey, ResourceExtract], Mapping[str, Any]]
"""As observed, or as just written and not observed yet."""


class Reports(Protocol):
    """What the report channel knows."""

    def reports(self, gateway: ResourceName) -> tuple[GatewayPodReport, ...]: ...

    def demand(self, group: ResourceName) -> GroupDemand: ...


class Snapshots:
    """Takes snapshots of gateways and groups."""

    def __init__(
        self,
        world: World,
        outside: OutsideObjects,
        tables: PublishedTables,
        reports: Reports,
        newest_status: NewestStatus,
        *,
        clusterwide: bool,
    ) -> None:
        self._world = world
        self._outside = outside
        self._tables = tables
        self._reports = reports
        self._newest_status = newest_status
        self._clusterwide = clusterwide

    async def gateway(
        self, resource: ResourceExtract, failures: Mapping[ResourceName, str]
    ) -> GatewaySnapshot:
        """All that bears on one gateway, but for its Secret."""
        observed = self._newest(resource)
        name = observed.name
        namespace = await self._namespace(name.namespace)
        child = ResourceName(name.namespace, gateway_child_name(name.name))
        groups = self._groups_of(name)
        published = await self.published(observed)
        return GatewaySnapshot(
            resource=observed,
            namespace_labels=namespace.labels,
            groups=groups,
            hostname_owners=self._hostname_owners(observed),
            tls_secret=await self._tls_secret(observed),
            children=self._children(gateway_key(name), child),
            deployment=self._rollout(observed, child),
            reports=self._own_reports(name, child),
            group_failures=failures,
            group_authorities={
                group: pem
                for group, resource in groups.items()
                if (pem := await self._authorities(resource)) is not None
            },
            published=published,
            published_groups=self._published_groups(observed, published, groups),
            namespace_terminating=namespace.terminating,
        )

    def _own_reports(
        self, gateway: ResourceName, place: ResourceName
    ) -> tuple[GatewayPodReport, ...]:
        """Pods of a former gateway of this name live on for a while, and report."""
        account = self._world.child(ChildKey("ServiceAccount", place.namespace, place.name))
        reports = self._reports.reports(gateway)
        if account is None:
            return reports
        return tuple(each for each in reports if each.account_uid in ("", account.uid))

    async def group(self, resource: ResourceExtract) -> GroupSnapshot:
        """All that bears on one group."""
        observed = resource.observed
        name = observed.name
        namespace = await self._namespace(name.namespace)
        child = ResourceName(name.namespace, group_child_name(name.name))
        ref = workload_ref(name, observed.document)
        workload = None if ref is None else self._world.workload(ref.kind, ref.name)
        return GroupSnapshot(
            resource=observed,
            workload=None if workload is None else workload.workload,
            workload_owner=None if ref is None else self._workload_owner(observed, ref),
            gateways=await self._serving(name),
            ca_pem=await self._authorities(observed),
            children=self._children(group_key(name), child),
            deployment=self._rollout(observed, child),
            demand=self._reports.demand(name),
            namespace_terminating=namespace.terminating,
        )

    async def _namespace(self, name: str) -> NamespaceExtract:
        read = self._world.read_namespaces
        if not self._clusterwide and name not in read:
            # It is looked at again every few seconds: ``read_namespaces.py``.
            read[name] = await self._outside.namespace(name)
        return self._world.namespace(name)

    def _groups_of(self, gateway: ResourceName) -> dict[ResourceName, ObservedResource]:
        found = {name: self._world.group(name) for name in self._world.links.groups_of(gateway)}
        return {name: each.observed for name, each in sorted(found.items()) if each is not None}

    def _published_groups(
        self,
        gateway: ObservedResource,
        published: RouteTable | None,
        named: Container[ResourceName],
    ) -> dict[ResourceName, ObservedResource]:
        targets = _targets(gateway.name, published)
        found = {name: self._world.group(name) for name in targets if name not in named}
        return {name: each.observed for name, each in sorted(found.items()) if each is not None}

    async def _serving(self, group: ResourceName) -> tuple[ServingGateway, ...]:
        return tuple(
            [
                ServingGateway(name, (await self._namespace(name.namespace)).labels)
                for name in sorted(self._world.links.gateways_of(group))
            ]
        )

    def _hostname_owners(self, gateway: ObservedResource) -> dict[str, ResourceName]:
        owners = {}
        for hostname in sorted(named_hostnames(gateway.document)):
            rivals = map(self._world.gateway, self._world.links.gateways_with(hostname))
            others = [self._newest(each) for each in rivals if each is not None]
            owner = hostname_owner(hostname, [gateway, *others])
            if owner is not None and owner != gateway.name:
                owners[hostname] = owner
        return owners

    def _newest(self, gateway: ResourceExtract) -> ObservedResource:
        """With the status that was written last: what it lists decides whose a host name is."""
        observed = gateway.observed
        status = self._newest_status(gateway_key(observed.name), gateway)
        return replace(observed, document={**observed.document, "status": status})

    def _workload_owner(self, group: ObservedResource, ref: WorkloadRef) -> ResourceName | None:
        rivals = map(self._world.group, self._world.links.groups_on(ref))
        return _older(group, [each.observed for each in rivals if each is not None])

    def _children(self, key: ResourceKey, place: ResourceName) -> dict[ChildKey, ObservedChild]:
        children = {each.key: each for each in self._world.children_of(key) if not each.deleting}
        at_its_place = self._world.workload("Deployment", place)
        if at_its_place is not None:
            children[at_its_place.child.key] = at_its_place.child
        return {key: ObservedChild(key, each.owner_uid, each.uid) for key, each in children.items()}

    def _rollout(self, owner: ObservedResource, place: ResourceName) -> ObservedDeployment | None:
        found = self._world.workload("Deployment", place)
        return None if found is None or found.child.owner_uid != owner.uid else found.rollout

    async def _tls_secret(self, gateway: ObservedResource) -> ObservedTlsSecret | None:
        try:
            tls = read_gateway(gateway).spec.listener.tls
        except SpecError:
            return None
        if tls is None:
            return None
        name = ResourceName(gateway.name.namespace, tls.secret_name)
        return await self._outside.tls_secret(name, self._world.namespace(name.namespace).uid)

    async def _authorities(self, group: ObservedResource) -> str | None:
        try:
            source = read_group(group).spec.source
        except SpecError:
            return None
        tls = source.tls if isinstance(source, WorkloadSource) else None
        if tls is None or tls.ca_config_map_name is None:
            return None
        name = ResourceName(group.name.namespace, tls.ca_config_map_name)
        return await self._outside.authorities(name, self._world.namespace(name.namespace).uid)

    async def published(self, gateway: ObservedResource) -> RouteTable | None:
        """The gateway's table that is in force; the links are told whom it names."""
        key, seen = self._table_place(gateway)
        published = await self._tables.get(key, gateway.uid, seen)
        # Before these are looked at, so that each later change of one is told.
        targets = _targets(gateway.name, published)
        self._world.links.put_published(gateway.name, gateway.uid, targets)
        return published

    async def packed_table(self, gateway: ObservedResource) -> bytes | None:
        """The same as it lies in its ConfigMap, if there is one that is believed."""
        key, seen = self._table_place(gateway)
        return await self._tables.packed(key, gateway.uid, seen)

    def _table_place(self, gateway: ObservedResource) -> tuple[ChildKey, ChildExtract | None]:
        name = gateway.name
        key = ChildKey("ConfigMap", name.namespace, gateway_child_name(name.name))
        return key, self._world.child(key)


def _targets(gateway: ResourceName, published: RouteTable | None) -> frozenset[ResourceName]:
    entries = () if published is None else published.groups
    return frozenset(table_target(entry.name, gateway.namespace) for entry in entries)


def _older(one: ObservedResource, rivals: list[ObservedResource]) -> ResourceName | None:
    """Whoever has what several claim, if it is not ``one`` itself."""
    first = min([one, *rivals], key=lambda each: (each.created_at, each.name))
    return None if first.name == one.name else first.name

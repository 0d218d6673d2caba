"""Which gateways use the key of a stdio group, and which of them were not given the shown one."""

import asyncio

from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.resource_kinds import GATEWAY_KIND, NAMESPACE_NAME_LABEL
from moorage_operator.api.upstream_group import McpUpstreamGroup
from moorage_operator.planning.documents import read_group
from moorage_operator.planning.route_table import table_name
from moorage_operator.planning.snapshot import ObservedResource
from moorage_operator.rendering.owner import Owner
from moorage_operator.running.key_keeper import KeyKeeper, earlier_group_keys, keys_in
from moorage_operator.running.served_stdio_groups import ServedStdioGroupsByTable
from moorage_operator.running.snapshots import Snapshots
from moorage_operator.running.world import World


class KeyUsers:
    """Asks for groups whose documents are accepted; others allow nobody anew."""

    def __init__(self, world: World, snapshots: Snapshots, keys: KeyKeeper) -> None:
        self._world = world
        self._snapshots = snapshots
        self._keys = keys
        self._served = ServedStdioGroupsByTable(snapshots)

    def namespaces(self, resource: ObservedResource) -> frozenset[str]:
        """Other namespaces with gateways that name the group, or serve it by a table of before.

        Only those that it allows.
        """
        group, links = read_group(resource), self._world.links
        gateways = links.gateways_of(resource.name) | links.gateways_publishing(resource.name)
        others = {gateway.namespace for gateway in gateways} - {resource.name.namespace}
        return frozenset(name for name in others if self._allows(group, name))

    async def learn(self, resource: ObservedResource) -> None:
        """Read the allowed gateways' tables that a new leader has not read yet: each one once.

        By documents alone a gateway would be missed that serves the group by a kept table only.
        """
        group = read_group(resource)
        for gateway in self._unread():
            if self._allows(group, gateway.name.namespace):
                await self._snapshots.published(gateway)
                await asyncio.sleep(0)

    def _unread(self) -> list[ObservedResource]:
        keys = [key for key in self._world.resource_keys() if key.kind == GATEWAY_KIND]
        seen = [self._world.gateway(key.name) for key in keys]
        gateways = [each.observed for each in seen if each is not None]
        known = self._world.links.knows_published
        return [each for each in gateways if not known(each.name, each.uid)]

    async def lagging(self, resource: ObservedResource, shown: str) -> frozenset[ResourceName]:
        """The allowed gateways that serve the group and do not tell their pods of this key yet."""
        group, links = read_group(resource), self._world.links
        gateways = links.gateways_of(resource.name) | links.gateways_publishing(resource.name)
        allowed = [name for name in gateways if self._allows(group, name.namespace)]
        return frozenset([name for name in allowed if await self._lags(name, group.name, shown)])

    async def _lags(self, name: ResourceName, group: ResourceName, shown: str) -> bool:
        gateway = self._world.gateway(name)
        served = None if gateway is None else await self._served.of(gateway.observed)
        if gateway is None or served is None:
            return False
        if table_name(group, name.namespace) not in served.names:
            return False
        owner = Owner.gateway(name.namespace, name.name, gateway.observed.uid)
        secret = await self._keys.read(owner)
        given = earlier_group_keys(secret, owner).get(group)
        return given != shown or keys_in(secret, owner) != served.keys

    def _allows(self, group: McpUpstreamGroup, namespace: str) -> bool:
        known = self._world.namespace(namespace)
        labels = {NAMESPACE_NAME_LABEL: namespace, **known.labels}
        return group.spec.allowed_gateways.allow(group.name.namespace, namespace, labels)

"""Which gateways use the key of a stdio group, and which of them were not given the shown one."""

from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.resource_kinds import GATEWAY_KIND, NAMESPACE_NAME_LABEL
from moorage_operator.api.upstream_group import McpUpstreamGroup
from moorage_operator.planning.documents import read_group
from moorage_operator.planning.published_entries import served_entry
from moorage_operator.planning.route_table import table_name
from moorage_operator.planning.snapshot import ObservedResource
from moorage_operator.rendering.owner import Owner
from moorage_operator.running.key_keeper import KeyKeeper, earlier_group_keys, keys_in
from moorage_operator.running.snapshots import Snapshots
from moorage_operator.running.world import World


class KeyUsers:
    """Asks for groups whose documents are accepted; others allow nobody anew."""

    def __init__(self, world: World, snapshots: Snapshots, keys: KeyKeeper) -> None:
        self._world = world
        self._snapshots = snapshots
        self._keys = keys

    def namespaces(self, resource: ObservedResource) -> frozenset[str]:
        """Other namespaces with gateways that name the group, or serve it by a table of before.

        Only those that it allows.
        """
        group, links = read_group(resource), self._world.links
        gateways = links.gateways_of(resource.name) | links.gateways_publishing(resource.name)
        others = {gateway.namespace for gateway in gateways} - {resource.name.namespace}
        return frozenset(name for name in others if self._allows(group, name))

    async def lagging(self, resource: ObservedResource, shown: str) -> frozenset[ResourceName]:
        """The allowed gateways that serve the group and do not tell their pods of this key yet."""
        group = read_group(resource)
        # By links alone those would be missed that a new leader has not looked at yet.
        keys = self._world.resource_keys()
        gateways = [key.name for key in keys if key.kind == GATEWAY_KIND]
        return frozenset(
            [
                gateway
                for gateway in gateways
                if self._allows(group, gateway.namespace)
                and await self._lags(gateway, resource.name, shown)
            ]
        )

    async def _lags(self, name: ResourceName, group: ResourceName, shown: str) -> bool:
        gateway = self._world.gateway(name)
        published = None if gateway is None else await self._snapshots.published(gateway.observed)
        if gateway is None or published is None:
            return False
        if served_entry(published, table_name(group, name.namespace)) is None:
            return False
        owner = Owner.gateway(name.namespace, name.name, gateway.observed.uid)
        secret = await self._keys.read(owner)
        given = earlier_group_keys(secret, owner).get(group)
        return given != shown or keys_in(secret, owner) != published.keys

    def _allows(self, group: McpUpstreamGroup, namespace: str) -> bool:
        known = self._world.namespace(namespace)
        labels = {NAMESPACE_NAME_LABEL: namespace, **known.labels}
        return group.spec.allowed_gateways.allow(group.name.namespace, namespace, labels)

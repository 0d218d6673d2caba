"""Namespaces where there is no right to watch them: looked at by name, every few seconds.

A Role can give ``get`` on the namespace it lies in. To list or watch that one namespace is asked
of the whole cluster, and so needs a ClusterRole.
"""

from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.cluster.errors import NotPermitted
from moorage_operator.cluster.objects import read_object
from moorage_operator.planning.snapshot import ChildKey
from moorage_operator.running.extracts import (
    NAMESPACE_KIND,
    NamespaceExtract,
    namespace_extract,
    unknown_namespace,
)
from moorage_operator.running.noticed import Noticed
from moorage_operator.running.world import World


async def read_namespace(client: ClusterClient, name: str) -> NamespaceExtract:
    """A namespace, as far as it may be read."""
    try:
        document = await read_object(client, ChildKey(NAMESPACE_KIND, "", name))
    except NotPermitted:
        document = None
    return unknown_namespace(name) if document is None else namespace_extract(document)


async def look_at_namespaces(client: ClusterClient, world: World, noticed: Noticed) -> None:
    """Read again what was read once, and tell what changed; where nothing is left is forgotten."""
    in_use = {key.name.namespace for key in world.resource_keys()}
    for before in list(world.read_namespaces.values()):
        if before.name not in in_use:
            del world.read_namespaces[before.name]
            continue
        now = await read_namespace(client, before.name)
        if now != before:
            world.read_namespaces[now.name] = now
            noticed.namespace_changed(now.name)

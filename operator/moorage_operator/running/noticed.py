"""What an event concerns: from one object that changed to the keys that must be looked at."""

from collections.abc import Callable
from dataclasses import dataclass

from moorage_operator.planning.hostnames import held_hostnames
from moorage_operator.planning.snapshot import ChildKey
from moorage_operator.running.child_writer import ChildWriter
from moorage_operator.running.extracts import (
    ChildExtract,
    NamespaceExtract,
    ResourceExtract,
    WorkloadExtract,
)
from moorage_operator.running.links import GatewayLinks, Links, WorkloadRef
from moorage_operator.running.newest import Newest
from moorage_operator.running.resource_key import ResourceKey, gateway_key, group_key
from moorage_operator.running.world import World

Enqueue = Callable[[ResourceKey], None]
Named = GatewayLinks | frozenset[WorkloadRef]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What of a resource concerns others: by names, for those who share them come and go."""

    uid: str
    generation: int
    deleting: bool
    named: Named
    held: frozenset[str] = frozenset()
    """The host names that its status lists."""


class Noticed:
    """Turns events into keys. What it remembers is bounded by the objects that exist."""

    def __init__(self, links: Links, children: ChildWriter, enqueue: Enqueue) -> None:
        self._links = links
        self._children = children
        self._enqueue = enqueue
        self._seen: Newest[ResourceKey, _Seen] = Newest()
        self._workloads: Newest[ChildKey, object] = Newest()
        self._namespaces: Newest[str, NamespaceExtract] = Newest()
        self.has_begun = False
        """Whether an event came: none is told before every index is filled."""

    def forget_unseen(self, world: World) -> None:
        """Children whose end was told before they were known to have been made."""
        self._children.forget_unseen(world)

    def gateway(self, extract: ResourceExtract, *, gone: bool) -> None:
        """A gateway appeared, changed or went: also those that it names, now or before."""
        name = extract.observed.name
        named = self._links.named_by_gateway(name)
        if gone:
            self._links.end_gateway(name, extract.observed.uid)
        self._resource(gateway_key(name), extract, named, gone)

    def group(self, extract: ResourceExtract, *, gone: bool) -> None:
        """A group appeared, changed or went: also who names it, and who shares its workload."""
        name = extract.observed.name
        named = self._links.named_by_group(name)
        if gone:
            self._links.end_group(name, extract.observed.uid)
        self._resource(group_key(name), extract, named, gone)

    def workload(self, extract: WorkloadExtract, *, gone: bool) -> None:
        """A Deployment or StatefulSet: somebody's workload, or a child of ours."""
        self.child(extract.child, gone=gone, rollout=extract.rollout)
        key, one, told = extract.child.key, extract.child.incarnation, _told(extract)
        before = self._workloads.get(key)
        if gone:
            self._workloads.end(key, one.uid)
        elif not self._workloads.put(key, one, told) or before == told:
            return
        for name in self._links.groups_on(WorkloadRef(key.kind, extract.workload.name)):
            self._enqueue(group_key(name))

    def child(self, extract: ChildExtract, *, gone: bool, rollout: object = None) -> None:
        """An object at a child's place: what we did not write ourselves is drift."""
        if gone:
            self._children.left.forget(extract.key, extract.uid)
        elif rollout is None and self._children.stands_as_left(extract):
            return
        if extract.responsible is not None:
            self._enqueue(extract.responsible)

    def namespace(self, extract: NamespaceExtract, *, gone: bool) -> None:
        """An event of a namespace that is watched."""
        name, one = extract.name, extract.incarnation
        before = self._namespaces.get(name)
        if gone:
            self._namespaces.end(name, one.uid)
        elif not self._namespaces.put(name, one, extract) or before == extract:
            return
        self.namespace_changed(name)

    def namespace_changed(self, name: str) -> None:
        """The labels of a namespace decide which gateways a group allows."""
        for key in [key for key in self._seen if key.name.namespace == name]:
            self._enqueue(key)
            self._enqueue_around(key, self._seen.get(key))

    def _resource(
        self, key: ResourceKey, extract: ResourceExtract, named: Named, gone: bool
    ) -> None:
        self.has_begun = True
        before = self._seen.get(key)
        observed = extract.observed
        held = held_hostnames(observed.document)
        now = _Seen(observed.uid, observed.generation, extract.deleting, named, held)
        if gone:
            self._seen.end(key, now.uid)
        elif not self._seen.put(key, extract.incarnation, now):
            return
        self._enqueue(key)
        if not gone and before == now:
            # What else changed of its status or labels concerns nobody else.
            return
        self._enqueue_around(key, before)
        self._enqueue_around(key, now)

    def _enqueue_around(self, key: ResourceKey, seen: _Seen | None) -> None:
        """Those who are concerned now by what the resource named when it was seen."""
        if seen is None:
            return
        if isinstance(seen.named, GatewayLinks):
            around = self._links.around_gateway(key.name, seen.named)
        else:
            around = self._links.around_group(key.name, seen.named)
        for neighbour in around:
            self._enqueue(neighbour)


def _told(extract: WorkloadExtract) -> object:
    """What of a workload concerns the groups on it."""
    return extract.workload, extract.child.owner_uid

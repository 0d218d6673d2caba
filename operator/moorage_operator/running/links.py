"""Who names whom: gateways their groups and host names, groups their workloads (pure).

Documents are read leniently: a refused one still says whom a change of it concerns.
"""

from collections import defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.hostnames import held_hostnames, named_hostnames
from moorage_operator.running.newest import Incarnation, Newest
from moorage_operator.running.resource_key import ResourceKey, gateway_key, group_key

Target = TypeVar("Target", bound=Hashable)


@dataclass(frozen=True)
class WorkloadRef:
    """A workload as a group names it; it lies in the group's namespace."""

    kind: str
    name: ResourceName


@dataclass(frozen=True)
class GatewayLinks:
    """What one gateway names."""

    groups: frozenset[ResourceName] = frozenset()
    hostnames: frozenset[str] = frozenset()
    """Also those that it serves and names no more."""


@dataclass
class _Reverse(Generic[Target]):
    """From what is named to who names it."""

    named: dict[ResourceName, frozenset[Target]] = field(default_factory=dict)
    namers: dict[Target, set[ResourceName]] = field(default_factory=lambda: defaultdict(set))

    def put(self, namer: ResourceName, targets: frozenset[Target]) -> None:
        for target in self.named.pop(namer, frozenset()) - targets:
            self.namers[target].discard(namer)
            if not self.namers[target]:
                del self.namers[target]
        for target in targets:
            self.namers[target].add(namer)
        if targets:
            self.named[namer] = targets

    def of(self, target: Target) -> frozenset[ResourceName]:
        return frozenset(self.namers[target]) if target in self.namers else frozenset()


class Links:
    """The references among all resources, in both directions."""

    def __init__(self) -> None:
        self._groups: _Reverse[ResourceName] = _Reverse()
        self._published: _Reverse[ResourceName] = _Reverse()
        self._read: dict[ResourceName, str] = {}
        """The uids of gateways whose published tables were read."""
        self._hostnames: _Reverse[str] = _Reverse()
        self._workloads: _Reverse[WorkloadRef] = _Reverse()
        self._gateways_now: Newest[ResourceName, None] = Newest()
        self._groups_now: Newest[ResourceName, None] = Newest()

    def put_gateway(self, name: ResourceName, one: Incarnation, links: GatewayLinks) -> None:
        """What the gateway names now, unless a newer one has its name."""
        if self._gateways_now.put(name, one, None):
            self._groups.put(name, links.groups)
            self._hostnames.put(name, links.hostnames)

    def put_published(self, name: ResourceName, uid: str, groups: frozenset[ResourceName]) -> None:
        """The groups in the gateway's published table, which may be older than its document."""
        if self._gateways_now.is_of(name, uid):
            self._published.put(name, groups)
            self._read[name] = uid

    def knows_published(self, name: ResourceName, uid: str) -> bool:
        """Whether the gateway's published table was read since this process leads."""
        return self._read.get(name) == uid

    def end_gateway(self, name: ResourceName, uid: str) -> None:
        """The gateway is gone; what a newer one of its name names stays."""
        if self._gateways_now.end(name, uid):
            self._groups.put(name, frozenset())
            self._published.put(name, frozenset())
            self._read.pop(name, None)
            self._hostnames.put(name, frozenset())

    def put_group(self, name: ResourceName, one: Incarnation, workload: WorkloadRef | None) -> None:
        """What the group names now, unless a newer one has its name."""
        if self._groups_now.put(name, one, None):
            self._workloads.put(name, frozenset() if workload is None else frozenset({workload}))

    def end_group(self, name: ResourceName, uid: str) -> None:
        """The group is gone; what a newer one of its name names stays."""
        if self._groups_now.end(name, uid):
            self._workloads.put(name, frozenset())

    def groups_of(self, gateway: ResourceName) -> frozenset[ResourceName]:
        return self._groups.named.get(gateway, frozenset())

    def gateways_of(self, group: ResourceName) -> frozenset[ResourceName]:
        return self._groups.of(group)

    def gateways_publishing(self, group: ResourceName) -> frozenset[ResourceName]:
        """Those whose published table names the group, whatever their documents do."""
        return self._published.of(group)

    def published_by(self, gateway: ResourceName) -> frozenset[ResourceName]:
        return self._published.named.get(gateway, frozenset())

    def gateways_with(self, hostname: str) -> frozenset[ResourceName]:
        return self._hostnames.of(hostname)

    def groups_on(self, workload: WorkloadRef) -> frozenset[ResourceName]:
        return self._workloads.of(workload)

    def named_by_gateway(self, name: ResourceName) -> GatewayLinks:
        """What the gateway names now."""
        hostnames = self._hostnames.named.get(name, frozenset())
        return GatewayLinks(self.groups_of(name), hostnames)

    def named_by_group(self, name: ResourceName) -> frozenset[WorkloadRef]:
        """What the group names now."""
        return self._workloads.named.get(name, frozenset())

    def around_gateway(self, name: ResourceName, named: GatewayLinks) -> frozenset[ResourceKey]:
        """Whom a change of a gateway concerns besides itself that names this, or did before."""
        rivals = (self.gateways_with(hostname) for hostname in named.hostnames)
        return frozenset(
            {group_key(group) for group in named.groups}
            | {gateway_key(rival) for names in rivals for rival in names if rival != name}
        )

    def around_group(
        self, name: ResourceName, named: frozenset[WorkloadRef]
    ) -> frozenset[ResourceKey]:
        """Whom a change of a group concerns besides itself that names this, or did before.

        Also gateways that serve it by a table of before: it may allow them no more.
        """
        rivals = (self.groups_on(ref) for ref in named)
        return frozenset(
            {gateway_key(gateway) for gateway in self.gateways_of(name) | self._published.of(name)}
            | {group_key(rival) for names in rivals for rival in names if rival != name}
        )


def gateway_links(name: ResourceName, document: Mapping[str, Any]) -> GatewayLinks:
    """What a gateway's document names, as far as that can be read."""
    spec = _mapping(document.get("spec"))
    groups = []
    for route in _items(spec.get("routes")):
        upstream = _mapping(_mapping(route).get("upstream"))
        target = upstream.get("name")
        if isinstance(target, str):
            namespace = upstream.get("namespace")
            groups.append(ResourceName(_text(namespace) or name.namespace, target))
    return GatewayLinks(frozenset(groups), named_hostnames(document) | held_hostnames(document))


def workload_ref(name: ResourceName, document: Mapping[str, Any]) -> WorkloadRef | None:
    """The workload that a group's document names, as far as that can be read."""
    source = _mapping(_mapping(document.get("spec")).get("source"))
    workload = _mapping(source.get("workload"))
    target = _text(workload.get("name"))
    if not target:
        return None
    return WorkloadRef(
        _text(workload.get("kind")) or "Deployment", ResourceName(name.namespace, target)
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""

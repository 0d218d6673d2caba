"""The cluster as kopf's indices hold it, asked in the words of this house."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.resource_kinds import GATEWAY_KIND, GROUP_KIND
from moorage_operator.api.workload_source import WORKLOAD_KINDS
from moorage_operator.planning.snapshot import ChildKey
from moorage_operator.running.extracts import (
    NAMESPACE_KIND,
    ChildExtract,
    NamespaceExtract,
    ResourceExtract,
    WorkloadExtract,
    unknown_namespace,
)
from moorage_operator.running.links import Links
from moorage_operator.running.resource_key import ResourceKey

INDEX_OF = {GATEWAY_KIND: "gateways", GROUP_KIND: "groups", NAMESPACE_KIND: "namespaces"}
NOTHING: Mapping[Any, Iterable[Any]] = {}


class Index(Protocol):
    """An index of kopf: under each key the values of all objects that have it."""

    def __contains__(self, key: object) -> bool: ...

    def __getitem__(self, key: Any) -> Iterable[Any]: ...

    def __iter__(self) -> Iterator[Any]: ...


class World:
    """What is in the cluster, read only. ``links`` is kept by the handlers."""

    def __init__(self, indices: Mapping[str, Index], links: Links) -> None:
        self._indices = indices
        self.links = links
        self._gone: set[str] = set()
        self.read_namespaces: dict[str, NamespaceExtract] = {}
        """Where namespaces are not watched: as they were last read."""

    def take_for_gone(self, uid: str) -> None:
        """An object is not in the cluster any more, whatever the indices say; uids never return."""
        self._gone.add(uid)

    def forget_unindexed(self, kinds: Iterable[str]) -> None:
        """What the indices hold no more need not be taken for gone."""
        held = {_uid(each) for kind in kinds for each in self._extracts(kind)}
        self._gone &= held

    def indexed(self, kind: str) -> dict[str, Any]:
        """The extracts of all objects of a kind that are believed to be there, by uid."""
        return {
            uid: extract
            for extract in self._extracts(kind)
            if (uid := _uid(extract)) not in self._gone
        }

    def _extracts(self, kind: str) -> Iterator[Any]:
        if kind in INDEX_OF:
            # Namespaces are watched only where the whole cluster is.
            index = self._indices.get(INDEX_OF[kind], NOTHING)
            for name in index:
                yield from index[name]
            return
        # Children and workloads lie under their own key, and once more under whose they are.
        index = self._indices["workloads" if kind in WORKLOAD_KINDS else "children"]
        for key in index:
            if not isinstance(key, ResourceKey):
                yield from (each for each in index[key] if _child(each).key.kind == kind)

    def resource(self, key: ResourceKey) -> ResourceExtract | None:
        """The gateway or group, if it is there."""
        found: ResourceExtract | None = self._newest(
            INDEX_OF[key.kind], key.name, lambda extract: extract.version
        )
        return found

    def gateway(self, name: ResourceName) -> ResourceExtract | None:
        return self.resource(ResourceKey(GATEWAY_KIND, name))

    def group(self, name: ResourceName) -> ResourceExtract | None:
        return self.resource(ResourceKey(GROUP_KIND, name))

    def resource_keys(self) -> list[ResourceKey]:
        """All gateways and groups."""
        return [ResourceKey(GROUP_KIND, name) for name in self._indices["groups"]] + [
            ResourceKey(GATEWAY_KIND, name) for name in self._indices["gateways"]
        ]

    def workload(self, kind: str, name: ResourceName) -> WorkloadExtract | None:
        """A Deployment or StatefulSet."""
        found: WorkloadExtract | None = self._newest(
            "workloads", (kind, name), lambda extract: extract.child.version
        )
        return found

    def child(self, key: ChildKey) -> ChildExtract | None:
        """The object at a child's place, if it is observed: labelled as ours, or a workload."""
        if key.kind == "Deployment":
            workload = self.workload(key.kind, ResourceName(key.namespace, key.name))
            return None if workload is None else workload.child
        found: ChildExtract | None = self._newest("children", key, lambda extract: extract.version)
        return found

    def children_of(self, key: ResourceKey) -> list[ChildExtract]:
        """The objects that say by their labels that they are the resource's children."""
        found: list[ChildExtract] = []
        if key in self._indices["children"]:
            found.extend(self._indices["children"][key])
        if key in self._indices["workloads"]:
            found.extend(extract.child for extract in self._indices["workloads"][key])
        return [child for child in found if child.uid not in self._gone]

    def namespace(self, name: str) -> NamespaceExtract:
        """What is known of a namespace."""
        return self.known_namespace(name) or unknown_namespace(name)

    def known_namespace(self, name: str) -> NamespaceExtract | None:
        """A namespace as it is watched, or was read; None before that."""
        if "namespaces" not in self._indices:
            return self.read_namespaces.get(name)
        found: NamespaceExtract | None = self._newest(
            "namespaces", name, lambda extract: extract.version
        )
        return found

    def _newest(self, index: str, key: object, version: Callable[[Any], int]) -> Any:
        # An object that was deleted unseen and made again stands here twice until the next census.
        if key not in self._indices[index]:
            return None
        there = (each for each in self._indices[index][key] if _uid(each) not in self._gone)
        return max(there, key=version, default=None)


def _uid(extract: ResourceExtract | NamespaceExtract | ChildExtract | WorkloadExtract) -> str:
    if isinstance(extract, ResourceExtract | NamespaceExtract):
        return extract.incarnation.uid
    return _child(extract).uid


def _child(extract: ChildExtract | WorkloadExtract) -> ChildExtract:
    return extract.child if isinstance(extract, WorkloadExtract) else extract

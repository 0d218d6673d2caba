"""The operator's reconciler in this process, on a real API server, one reconcile at a time.

It sees what a list tells at that moment, and its process may be lost after any of its writes.
"""

import math
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from moorage_operator.api.installation import InstallationSettings
from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.resource_kinds import GATEWAY_KIND, GROUP_KIND
from moorage_operator.cluster.api_client import ClusterClient, load_configuration
from moorage_operator.cluster.object_paths import RESOURCE_KINDS
from moorage_operator.planning.snapshot import ChildKey, GroupDemand
from moorage_operator.running.child_writer import ChildWriter
from moorage_operator.running.extracts import child_extract, resource_extract, workload_extract
from moorage_operator.running.handlers import LABELLED_CHILDREN
from moorage_operator.running.key_keeper import KeyKeeper
from moorage_operator.running.links import Links, gateway_links, workload_ref
from moorage_operator.running.outside_objects import OutsideObjects
from moorage_operator.running.planner import Planner
from moorage_operator.running.published_tables import PublishedTables
from moorage_operator.running.reconciler import Reconciler
from moorage_operator.running.resource_key import ResourceKey
from moorage_operator.running.snapshots import Snapshots
from moorage_operator.running.status_writer import StatusWriter
from moorage_operator.running.world import World

WRITES = ("PATCH", "POST", "PUT", "DELETE")
Document = dict[str, Any]


class ProcessLost(BaseException):
    """The process is gone after a write."""


class StepClient(ClusterClient):
    """Tells of every request; ``before`` is called ahead of each, ``lost_after`` counts writes."""

    lost_after: int | None = None
    before: Callable[[str, str], object] = staticmethod(lambda verb, path: None)

    async def request(
        self, verb: str, path: str, body: Document | None = None, **more: Any
    ) -> Document:
        self.before(verb, path)
        answer = await super().request(verb, path, body, **more)
        if verb in WRITES and self.lost_after is not None:
            self.lost_after -= 1
            if self.lost_after <= 0:
                raise ProcessLost
        return answer


class NoReports:
    """Nobody reports."""

    def reports(self, gateway: ResourceName) -> tuple[Any, ...]:
        return ()

    def demand(self, group: ResourceName) -> GroupDemand:
        return GroupDemand()


class StepwiseOperator:
    """One process; a new one knows nothing of the one before."""

    def __init__(self, client: StepClient, namespace: str) -> None:
        self.client = client
        self._namespace = namespace
        self._indices: dict[str, Any] = {}
        links = Links()
        self._links = links
        self._world = World(self._indices, links)
        children = self.children = ChildWriter(client, time.monotonic)
        keys = KeyKeeper(client, time.monotonic, 30)
        outside = OutsideObjects(client, time.monotonic)
        tables = PublishedTables(client, children.left)
        statuses = StatusWriter(client, time.monotonic)
        snapshots = Snapshots(
            self._world, outside, tables, NoReports(), statuses.previous, clusterwide=False
        )
        settings = InstallationSettings(gateway_image="moorage.invalid/gateway:none")
        planner = Planner(self._world, snapshots, children, keys, settings)
        self._reconciler = Reconciler(
            client,
            self._world,
            planner,
            children,
            keys,
            statuses,
            "stepwise",
            lambda key: None,
        )

    @classmethod
    async def start(cls, namespace: str) -> "StepwiseOperator":
        configuration = await load_configuration()
        return cls(StepClient(configuration, None, lambda *_: None, "stepwise"), namespace)

    def place(self, kind: str, name: str) -> ChildKey:
        """Where a child of this kind and name stands."""
        return ChildKey(kind, self._namespace, name)

    async def group(self, name: str) -> None:
        """Look around, and reconcile this group once."""
        await self.look()
        await self._reconciler.reconcile(
            ResourceKey(GROUP_KIND, ResourceName(self._namespace, name))
        )

    async def gateway(self, name: str) -> None:
        """Look around, and reconcile this gateway once."""
        await self.look()
        await self.gateway_as_seen(name)

    async def gateway_as_seen(self, name: str) -> None:
        """Reconcile this gateway once, by what was seen at the last look."""
        await self._reconciler.reconcile(
            ResourceKey(GATEWAY_KIND, ResourceName(self._namespace, name))
        )

    async def look(self) -> None:
        """See all that is there now."""
        indices: dict[str, Any] = {
            name: defaultdict(list) for name in ("gateways", "groups", "workloads", "children")
        }
        for body in await self._list(GATEWAY_KIND):
            gateway = resource_extract(body)
            name = gateway.observed.name
            indices["gateways"][name].append(gateway)
            self._links.put_gateway(name, gateway.incarnation, gateway_links(name, body))
        for body in await self._list(GROUP_KIND):
            group = resource_extract(body)
            name = group.observed.name
            indices["groups"][name].append(group)
            self._links.put_group(name, group.incarnation, workload_ref(name, body))
        for body in await self._list("Deployment"):
            workload = workload_extract("Deployment", body)
            indices["workloads"]["Deployment", workload.workload.name].append(workload)
            indices["workloads"][workload.child.responsible].append(workload)
        for kind, _ in LABELLED_CHILDREN:
            for body in await self._list(kind):
                child = child_extract(kind, body)
                if child.responsible is not None:
                    indices["children"][child.key].append(child)
                    indices["children"][child.responsible].append(child)
        self._indices.clear()
        self._indices.update({name: dict(index) for name, index in indices.items()})
        # What is not listed was told as deleted by a watch.
        self.children.left.forget_unseen(lambda key: self._world.child(key) is not None, math.inf)

    async def _list(self, kind: str) -> list[Document]:
        known = RESOURCE_KINDS[kind]
        listed = await self.client.get(known.collection(self._namespace))
        # Items of a list do not say of what kind they are.
        return [{"apiVersion": known.api_version, "kind": kind, **item} for item in listed["items"]]

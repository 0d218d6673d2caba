"""Whatever is made and deleted, in whatever order it is told: in the end every book is empty."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.planning.snapshot import GroupSnapshot, ObservedResource, Plan
from moorage_operator.rendering.owner import Owner
from moorage_operator.running.census import Census
from moorage_operator.running.child_writer import ChildWriter
from moorage_operator.running.extracts import (
    child_extract,
    namespace_extract,
    resource_extract,
    workload_extract,
)
from moorage_operator.running.group_outcomes import GroupOutcomes
from moorage_operator.running.key_keeper import KeyKeeper
from moorage_operator.running.left_children import UNSEEN_SECONDS
from moorage_operator.running.links import Links, gateway_links, workload_ref
from moorage_operator.running.noticed import Noticed
from moorage_operator.running.planner import Planner
from moorage_operator.running.reconciler import Reconciler
from moorage_operator.running.resource_key import ResourceKey
from moorage_operator.running.status_writer import StatusWriter
from moorage_operator.running.work_queue import WorkQueue
from moorage_operator.running.world import World

INDEX_OF = {
    "McpGateway": "gateways",
    "McpUpstreamGroup": "groups",
    "Deployment": "workloads",
    "Service": "children",
    "Namespace": "namespaces",
}
LABELS = {"app.kubernetes.io/managed-by": "moorage", "moorage.dev/gateway": "a"}
SPECS: dict[str, dict[str, Any]] = {
    "McpGateway": {
        "listener": {"hostnames": ["h"]},
        "routes": [{"path": f"/{name}", "upstream": {"name": name}} for name in "ab"],
    },
    "McpUpstreamGroup": {"source": {"workload": {"name": "a", "port": 8080}}},
}
LIVES = st.lists(
    st.tuples(st.sampled_from(sorted(INDEX_OF)), st.sampled_from("ab"), st.booleans()), max_size=24
)


class _EmptyCluster(ClusterClient):
    def __init__(self) -> None:
        pass

    async def request(self, *_: Any, **__: Any) -> dict[str, Any]:
        return {"items": [], "metadata": {"uid": "u", "resourceVersion": "1"}}


class _Plans(Planner):
    """Remembers what plans came to."""

    def __init__(self) -> None:
        self.outcomes = GroupOutcomes()


class Operator:
    """All that an operator remembers of objects, told by the steps of kopf."""

    def __init__(self) -> None:
        self.now = 0.0
        self.indices: dict[str, dict[Any, list[Any]]] = {
            index: defaultdict(list) for index in INDEX_OF.values()
        }
        self.links, self.queue = Links(), WorkQueue()
        self.world = World(self.indices, self.links)
        client = _EmptyCluster()
        self.children = ChildWriter(client, lambda: self.now)
        self.noticed = Noticed(self.links, self.children, lambda key: self.queue.add(key, 0.0))
        clock, self.plans = lambda: self.now, _Plans()
        self.keys, self.statuses = KeyKeeper(client, clock, 30), StatusWriter(client, clock)
        reconciler = Reconciler(
            client,
            self.world,
            self.plans,
            self.children,
            self.keys,
            self.statuses,
            "a-pod",
            lambda key: self.queue.add(key, 0.0),
        )
        self.census = Census(
            client, self.world, self.noticed, (), self.queue.add, reconciler.forget_unseen
        )

    def index(self, kind: str, body: dict[str, Any]) -> None:
        extract = _extract(kind, body)
        for key in _keys(kind, extract):
            self.indices[INDEX_OF[kind]][key].append(extract)
        if kind == "McpGateway":
            name = extract.observed.name
            self.links.put_gateway(name, extract.incarnation, gateway_links(name, body))
        elif kind == "McpUpstreamGroup":
            name = extract.observed.name
            self.links.put_group(name, extract.incarnation, workload_ref(name, body))

    def event(self, kind: str, body: dict[str, Any]) -> None:
        self._tell(kind, body, gone=False)

    def leave(self, kind: str, body: dict[str, Any]) -> None:
        """The answer to a write of a child, which may come after all else is told of it."""
        if kind == "Service":
            self.children.left.put(body, _extract(kind, body), self.now)

    def reconciled(self, kind: str, body: dict[str, Any]) -> None:
        """A reconcile got its answers, which may be after the resource was told to be gone."""
        if kind in ("McpGateway", "McpUpstreamGroup"):
            asyncio.run(self._remember(kind, _extract(kind, body).observed))

    async def _remember(self, kind: str, resource: ObservedResource) -> None:
        key = ResourceKey(kind, resource.name)
        owner = Owner.gateway if kind == "McpGateway" else Owner.group
        await self.keys.read(owner(resource.name.namespace, resource.name.name, resource.uid))
        await self.statuses.write(key, resource, {}, {"sessions": 1})
        if kind == "McpUpstreamGroup":
            self.plans.outcomes.note(GroupSnapshot(resource), Plan((), (), (), {}))

    def gone(self, kind: str, body: dict[str, Any]) -> None:
        extract = _extract(kind, body)
        index = self.indices[INDEX_OF[kind]]
        for key in _keys(kind, extract):
            index[key] = [each for each in index[key] if each != extract]
            if not index[key]:
                del index[key]
        self._tell(kind, body, gone=True)

    def work(self) -> None:
        """Nothing that is due is there any more."""
        while (key := self.queue.take(1.0)) is not None:
            self.queue.done(key, look_again=None)

    def _tell(self, kind: str, body: dict[str, Any], *, gone: bool) -> None:
        tell: dict[str, Any] = {
            "McpGateway": self.noticed.gateway,
            "McpUpstreamGroup": self.noticed.group,
            "Deployment": self.noticed.workload,
            "Service": self.noticed.child,
            "Namespace": self.noticed.namespace,
        }
        tell[kind](_extract(kind, body), gone=gone)


@given(lives=LIVES, order=st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_every_book_is_empty_in_the_end(
    lives: list[tuple[str, str, bool]], order: random.Random
) -> None:
    operator = Operator()
    untold = []
    threads = []
    for version, (kind, name, told) in enumerate(lives, start=1):
        body = _body(kind, name, version)
        steps = [operator.index, operator.event]
        steps += [operator.gone] if told else []
        threads.append([(step, kind, body) for step in steps])
        threads.append([(operator.leave, kind, body)])
        threads.append([(operator.reconciled, kind, body)])
        untold += [] if told else [(kind, body)]
    while threads := [each for each in threads if each]:
        step, kind, body = order.choice(threads).pop(0)
        step(kind, body)
    operator.now = UNSEEN_SECONDS
    assert asyncio.run(operator.census.count()) == len(untold)
    for kind, body in untold:
        operator.gone(kind, body)
    asyncio.run(operator.census.count())
    operator.work()
    told_by: tuple[object, ...] = (operator.world, operator.links, operator.noticed)
    told_by += (operator.queue, operator.children)
    told_by += (operator.keys, operator.statuses, operator.plans.outcomes)
    assert [book for each in told_by for book in _filled_books(each, type(each).__name__)] == []


def _filled_books(owner: object, name: str) -> Iterator[str]:
    """The containers with something in them, of an object and of what it is made of."""
    if isinstance(owner, dict | set | list | frozenset):
        if owner and not name.endswith("_indices"):
            yield f"{name}: {owner}"
    elif type(owner).__module__.startswith("moorage_operator") and hasattr(owner, "__dict__"):
        for attribute, value in vars(owner).items():
            yield from _filled_books(value, f"{name}.{attribute}")


def _body(kind: str, name: str, version: int) -> dict[str, Any]:
    metadata = {
        "namespace": "agents",
        "name": name,
        "uid": f"uid-{version}",
        "resourceVersion": str(version),
        "creationTimestamp": "2026-11-24T00:00:00Z",
    }
    if kind == "Service":
        metadata["labels"] = LABELS  # type: ignore[assignment]
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": SPECS.get(kind, {})}


def _extract(kind: str, body: dict[str, Any]) -> Any:
    if kind == "Namespace":
        return namespace_extract(body)
    if kind == "Deployment":
        return workload_extract("Deployment", body)
    return child_extract(kind, body) if kind == "Service" else resource_extract(body)


def _keys(kind: str, extract: Any) -> tuple[Any, ...]:
    if kind == "Namespace":
        return (extract.name,)
    if kind == "Deployment":
        return ((kind, extract.workload.name),)
    if kind == "Service":
        return (extract.key, extract.responsible)
    return (extract.observed.name,)

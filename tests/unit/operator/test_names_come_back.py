"""An object that was deleted and made again is another one, in whatever order that is told."""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import pytest

from moorage_operator.api.metadata import ResourceName
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.running.child_writer import ChildWriter
from moorage_operator.running.extracts import (
    ResourceExtract,
    namespace_extract,
    resource_extract,
    workload_extract,
)
from moorage_operator.running.links import Links, WorkloadRef, gateway_links, workload_ref
from moorage_operator.running.noticed import Noticed
from moorage_operator.running.resource_key import ResourceKey, gateway_key, group_key

GATEWAY = ResourceName("agents", "g")
TICKETS = ResourceName("agents", "tickets")
NOTES = ResourceName("agents", "notes")
SERVER = WorkloadRef("Deployment", ResourceName("agents", "server"))

Step = Callable[[], None]


class Told:
    """What the handlers do at each event: first the index, then the news."""

    def __init__(self) -> None:
        self.links = Links()
        self.enqueued: list[ResourceKey] = []
        children = ChildWriter(ClusterClient.__new__(ClusterClient), lambda: 0.0)
        self.noticed = Noticed(self.links, children, self.enqueued.append)

    def gateway(self, uid: str, version: int, *groups: str) -> tuple[Step, Step, Step]:
        routes = [{"path": f"/{each}", "upstream": {"name": each}} for each in groups]
        seen = _extract("McpGateway", "g", uid, version, {"routes": routes})
        links = gateway_links(GATEWAY, seen.observed.document)
        return (
            lambda: self.links.put_gateway(GATEWAY, seen.incarnation, links),
            lambda: self.noticed.gateway(seen, gone=False),
            lambda: self.noticed.gateway(seen, gone=True),
        )

    def group(self, uid: str, version: int, workload: str) -> tuple[Step, Step, Step]:
        source = {"workload": {"name": workload, "port": 8080}}
        seen = _extract("McpUpstreamGroup", "tickets", uid, version, {"source": source})
        ref = workload_ref(TICKETS, seen.observed.document)
        return (
            lambda: self.links.put_group(TICKETS, seen.incarnation, ref),
            lambda: self.noticed.group(seen, gone=False),
            lambda: self.noticed.group(seen, gone=True),
        )

    def namespace(self, uid: str, version: int, **labels: str) -> tuple[Step, Step]:
        metadata = {"name": "agents", "uid": uid, "resourceVersion": str(version)}
        seen = namespace_extract({"metadata": {**metadata, "labels": labels}})
        return (
            lambda: self.noticed.namespace(seen, gone=False),
            lambda: self.noticed.namespace(seen, gone=True),
        )


def _extract(kind: str, name: str, uid: str, version: int, spec: dict[str, Any]) -> ResourceExtract:
    metadata = {
        "namespace": "agents",
        "name": name,
        "uid": uid,
        "resourceVersion": str(version),
        "creationTimestamp": "2026-11-24T00:00:00Z",
    }
    return resource_extract(
        {"apiVersion": "moorage.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}
    )


def _orders(old: tuple[Step, ...], new: tuple[Step, ...]) -> Iterator[list[Step]]:
    length = len(old) + len(new)
    for places in combinations(range(length), len(new)):
        rest, later = iter(old), iter(new)
        yield [next(later) if place in places else next(rest) for place in range(length)]


ORDERS = range(10)


@pytest.mark.parametrize("order", ORDERS)
def test_a_gateway_made_again_keeps_its_links_and_is_noticed(order: int) -> None:
    told = Told()
    old, new = told.gateway("old", 1, "tickets"), told.gateway("new", 9, "notes")
    for step in list(_orders(old, new[:2]))[order]:
        step()
    assert told.links.groups_of(GATEWAY) == {NOTES}
    assert told.links.gateways_of(TICKETS) == frozenset()
    assert {gateway_key(GATEWAY), group_key(NOTES)} <= set(told.enqueued)
    told.enqueued.clear()
    new[2]()
    assert set(told.enqueued) >= {gateway_key(GATEWAY), group_key(NOTES)}
    assert told.links.groups_of(GATEWAY) == frozenset()


@pytest.mark.parametrize("order", ORDERS)
def test_a_group_made_again_keeps_its_workload(order: int) -> None:
    told = Told()
    old, new = told.group("old", 1, "former"), told.group("new", 9, "server")
    for step in list(_orders(old, new[:2]))[order]:
        step()
    assert told.links.groups_on(SERVER) == {TICKETS}
    assert group_key(TICKETS) in told.enqueued
    new[2]()
    assert told.links.groups_on(SERVER) == frozenset()


def test_the_late_end_of_a_former_workload_hides_no_change_of_the_present_one() -> None:
    told = Told()
    index, event, _ = told.group("one", 1, "server")
    index()
    event()
    told.noticed.workload(_workload("new", 9), gone=False)
    told.noticed.workload(_workload("old", 3), gone=True)
    told.enqueued.clear()
    told.noticed.workload(_workload("new", 9), gone=False)
    assert told.enqueued == []


@pytest.mark.parametrize("order", range(3))
def test_a_namespace_made_again_is_noticed_once(order: int) -> None:
    told = Told()
    for step in told.gateway("g", 1)[:2]:
        step()
    old, new = told.namespace("old", 2), told.namespace("new", 9, team="a")
    told.enqueued.clear()
    for step in list(_orders(old, new[:1]))[order]:
        step()
    assert gateway_key(GATEWAY) in told.enqueued
    told.enqueued.clear()
    new[0]()
    assert told.enqueued == []
    new[1]()
    assert told.enqueued == [gateway_key(GATEWAY)]


def _workload(uid: str, version: int) -> Any:
    metadata = {
        "namespace": "agents",
        "name": "server",
        "uid": uid,
        "resourceVersion": str(version),
    }
    return workload_extract("Deployment", {"metadata": metadata, "spec": {"replicas": 1}})

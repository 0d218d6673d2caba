"""Who has a host name or a workload may change with each event of a rival: the others are told."""

from typing import Any

import pytest

from moorage_operator.api.metadata import ResourceName
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.running.child_writer import ChildWriter
from moorage_operator.running.extracts import ResourceExtract, resource_extract
from moorage_operator.running.links import Links, gateway_links, workload_ref
from moorage_operator.running.noticed import Noticed
from moorage_operator.running.resource_key import ResourceKey, gateway_key, group_key


class Cluster:
    """What the handlers do at each event: first the index, then the news."""

    def __init__(self) -> None:
        self.links, self.enqueued, self.version = Links(), list[ResourceKey](), 0
        children = ChildWriter(ClusterClient.__new__(ClusterClient), lambda: 0.0)
        self.noticed = Noticed(self.links, children, self.enqueued.append)

    def gateway(
        self,
        name: str,
        *hostnames: str,
        upstream: str = "",
        serves: tuple[str, ...] = (),
        generation: int | None = None,
        gone: bool = False,
    ) -> None:
        routes = [{"upstream": {"name": upstream}}] if upstream else []
        spec = {"listener": {"hostnames": list(hostnames)}, "routes": routes}
        status = {"hostnames": list(serves)}
        seen = self._seen("McpGateway", name, spec, status, generation)
        at = seen.observed.name
        if not gone:
            links = gateway_links(at, seen.observed.document)
            self.links.put_gateway(at, seen.incarnation, links)
        self.noticed.gateway(seen, gone=gone)

    def group(self, name: str, workload: str, *, gone: bool = False) -> None:
        source = {"workload": {"name": workload, "port": 8080}}
        seen = self._seen("McpUpstreamGroup", name, {"source": source})
        at = seen.observed.name
        if not gone:
            ref = workload_ref(at, seen.observed.document)
            self.links.put_group(at, seen.incarnation, ref)
        self.noticed.group(seen, gone=gone)

    def _seen(
        self,
        kind: str,
        name: str,
        spec: dict[str, Any],
        status: dict[str, Any] | None = None,
        generation: int | None = None,
    ) -> ResourceExtract:
        self.version += 1
        metadata = {
            "namespace": "agents",
            "name": name,
            "uid": f"uid-{name}",
            "resourceVersion": str(self.version),
            "generation": generation or self.version,
            "creationTimestamp": "2026-11-24T00:00:00Z",
        }
        document = {"apiVersion": "moorage.dev/v1alpha1", "kind": kind, "metadata": metadata}
        return resource_extract({**document, "spec": spec, "status": status})


def _gateway(name: str) -> ResourceKey:
    return gateway_key(ResourceName("agents", name))


def _group(name: str) -> ResourceKey:
    return group_key(ResourceName("agents", name))


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.mark.parametrize("now", [(), ("other.example.com",)])
@pytest.mark.parametrize("gone", [True, False])
def test_who_comes_after_is_told_when_the_older_gateway_leaves_a_hostname(
    cluster: Cluster, now: tuple[str, ...], gone: bool
) -> None:
    cluster.gateway("older", "mcp.example.com")
    cluster.gateway("younger", "mcp.example.com")
    cluster.enqueued.clear()
    cluster.gateway("older", *now, gone=gone)
    assert set(cluster.enqueued) == {_gateway("older"), _gateway("younger")}


def test_who_has_a_hostname_is_told_of_who_takes_it(cluster: Cluster) -> None:
    cluster.gateway("older", "other.example.com")
    cluster.gateway("younger", "mcp.example.com")
    cluster.enqueued.clear()
    cluster.gateway("older", "mcp.example.com")
    assert set(cluster.enqueued) == {_gateway("older"), _gateway("younger")}


@pytest.mark.parametrize(
    ("named", "before", "after"),
    [
        (("mcp.example.com",), (), ("mcp.example.com",)),
        (("mcp.example.com",), ("mcp.example.com",), ()),
        ((), ("mcp.example.com",), ()),
    ],
)
def test_rivals_are_told_when_a_status_lists_a_hostname_or_does_no_more(
    cluster: Cluster, named: tuple[str, ...], before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    cluster.gateway("holder", *named, serves=before, generation=1)
    cluster.gateway("rival", "mcp.example.com")
    cluster.enqueued.clear()
    cluster.gateway("holder", *named, serves=after, generation=1)
    assert set(cluster.enqueued) == {_gateway("holder"), _gateway("rival")}
    cluster.enqueued.clear()
    cluster.gateway("holder", *named, serves=after, generation=1)
    assert set(cluster.enqueued) == {_gateway("holder")}


@pytest.mark.parametrize("gone", [True, False])
def test_who_comes_after_is_told_when_the_older_group_leaves_a_workload(
    cluster: Cluster, gone: bool
) -> None:
    cluster.group("older", "server")
    cluster.group("younger", "server")
    cluster.enqueued.clear()
    cluster.group("older", "elsewhere", gone=gone)
    assert set(cluster.enqueued) == {_group("older"), _group("younger")}


def test_a_group_that_is_routed_to_no_more_is_told(cluster: Cluster) -> None:
    cluster.gateway("desk", upstream="tickets")
    cluster.enqueued.clear()
    cluster.gateway("desk", upstream="notes")
    assert set(cluster.enqueued) == {_gateway("desk"), _group("tickets"), _group("notes")}
    cluster.enqueued.clear()
    cluster.gateway("desk", gone=True)
    assert set(cluster.enqueued) == {_gateway("desk"), _group("notes")}

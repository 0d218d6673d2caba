"""What was read of users' objects is believed for a while, unless their namespace came back."""

from typing import Any

from fakes.cr_documents import gateway_document, workload_group_document
from integration.listening.certificates import Authority
from moorage_operator.api.metadata import ResourceName
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.cluster.errors import refusal
from moorage_operator.planning.snapshot import GroupDemand
from moorage_operator.running.extracts import namespace_extract, resource_extract
from moorage_operator.running.left_children import LeftChildren
from moorage_operator.running.links import Links
from moorage_operator.running.outside_objects import PRESENT_SECONDS, OutsideObjects
from moorage_operator.running.published_tables import PublishedTables
from moorage_operator.running.snapshots import Snapshots
from moorage_operator.running.status_writer import StatusWriter
from moorage_operator.running.world import World

TLS = {"hostname": "a.b", "caConfigMapName": "ca"}


PEM = Authority().pem


class _Cluster(ClusterClient):
    """Has the ConfigMap with authorities and the certificate's Secret, until they are deleted."""

    def __init__(self) -> None:
        self.has_them, self.reads = True, 0

    async def request(
        self, verb: str, path: str, body: dict[str, Any] | None = None, **_: Any
    ) -> dict[str, Any]:
        self.reads += 1
        if not self.has_them:
            raise refusal(path, 404, "NotFound", "")
        metadata = {"uid": "u", "resourceVersion": "1", "name": "ca", "namespace": "desk"}
        return {"metadata": metadata, "data": {"ca.crt": PEM}, "type": "Opaque"}


class _NoReports:
    def reports(self, gateway: ResourceName) -> tuple[Any, ...]:
        return ()

    def demand(self, group: ResourceName) -> GroupDemand:
        return GroupDemand()


class _Scene:
    def __init__(self) -> None:
        self.now, self.cluster = 0.0, _Cluster()
        self.indices: dict[str, Any] = {"gateways": {}, "groups": {}, "workloads": {}}
        self.indices |= {"children": {}, "namespaces": {}}
        outside = OutsideObjects(self.cluster, lambda: self.now)
        tables = PublishedTables(self.cluster, LeftChildren())
        world = World(self.indices, Links())
        self._snapshots = Snapshots(
            world,
            outside,
            tables,
            _NoReports(),
            StatusWriter(self.cluster, lambda: 0.0).previous,
            clusterwide=True,
        )

    def namespace(self, uid: str, version: int) -> None:
        metadata = {"name": "desk", "uid": uid, "resourceVersion": str(version)}
        self.indices["namespaces"] = {"desk": [namespace_extract({"metadata": metadata})]}

    async def seen(self) -> tuple[str | None, str]:
        """The authorities of a group, and the state of a gateway's certificate."""
        group = await self._snapshots.group(_extract(workload_group_document(tls=TLS)))
        listener = {"tls": {"secretName": "web"}}
        gateway = _extract(gateway_document(listener=listener))
        secret = (await self._snapshots.gateway(gateway, {})).tls_secret
        assert secret is not None
        return group.ca_pem, secret.state


def _extract(document: dict[str, Any]) -> Any:
    metadata = {"uid": "u", "resourceVersion": "1", "creationTimestamp": "2026-11-24T00:00:00Z"}
    return resource_extract({**document, "metadata": {**document["metadata"], **metadata}})


async def test_what_was_read_is_not_believed_of_a_namespace_that_came_back() -> None:
    scene = _Scene()
    scene.namespace("first", 1)
    assert await scene.seen() == (PEM, "WrongType")
    scene.cluster.has_them = False
    scene.namespace("second", 2)
    assert await scene.seen() == (None, "Missing")


async def test_what_was_read_is_believed_for_a_while_though_the_namespace_changes() -> None:
    scene = _Scene()
    scene.namespace("first", 1)
    await scene.seen()
    scene.cluster.reads = 0
    scene.namespace("first", 2)
    await scene.seen()
    assert scene.cluster.reads == 0
    scene.now = PRESENT_SECONDS
    await scene.seen()
    assert scene.cluster.reads > 0

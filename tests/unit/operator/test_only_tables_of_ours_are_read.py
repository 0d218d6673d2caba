"""What stands in a gateway's ConfigMap is somebody else's word unless this operator wrote it."""

import base64
import gzip
import tracemalloc
from typing import Any

import pytest

from moorage_contract.route_table import Group, RouteTable
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.planning.snapshot import ChildKey
from moorage_operator.planning.table_document import (
    MAX_PLAIN_BYTES,
    MAX_TABLE_BYTES,
    compress_table,
    read_table,
)
from moorage_operator.rendering.child_names import TABLE_DIGEST_ANNOTATION
from moorage_operator.running import left_children
from moorage_operator.running.extracts import child_extract
from moorage_operator.running.left_children import LeftChildren
from moorage_operator.running.published_tables import PublishedTables

KEY = ChildKey("ConfigMap", "desk", "agents-gateway")
OWNER = "uid-g"
FOREIGN = {
    "no UTF-8": b'{"gateway":"\xff"}',
    "deep": b'{"gateway":"desk/agents","z":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "long": b'{"gateway":"a","hostnames":[' + b",".join([b'"abcdefgh"'] * 2_900_000) + b"]}",
    "no JSON": b"[",
}


class _Cluster(ClusterClient):
    def __init__(self) -> None:
        self.stands: dict[str, Any] = {}
        self.reads = 0

    async def request(
        self, verb: str, path: str, body: dict[str, Any] | None = None, **_: Any
    ) -> dict[str, Any]:
        self.reads += 1
        return self.stands


class _Scene:
    def __init__(self) -> None:
        self.cluster, self.left = _Cluster(), LeftChildren()
        self.tables = PublishedTables(self.cluster, self.left)

    def write(self, table: RouteTable) -> None:
        """As a reconcile does."""
        self.stand(compress_table(table), table.digest())
        self.left.put(self.cluster.stands, self._seen(), 0.0)

    def stand(self, packed: bytes, digest: str, uid: str = "u") -> None:
        owners = [{"uid": OWNER, "controller": True}]
        self.cluster.stands = {
            "kind": "ConfigMap",
            "metadata": {
                "namespace": KEY.namespace,
                "name": KEY.name,
                "uid": uid,
                "resourceVersion": "1",
                "annotations": {TABLE_DIGEST_ANNOTATION: digest},
                "ownerReferences": owners,
            },
            "binaryData": {"table": base64.b64encode(packed).decode()},
        }

    async def published(self, owner_uid: str = OWNER) -> RouteTable | None:
        return await self.tables.get(KEY, owner_uid, self._seen())

    def _seen(self) -> Any:
        return child_extract("ConfigMap", self.cluster.stands)


def _table(*groups: str) -> RouteTable:
    entries = tuple(Group(name=name, source="External") for name in groups)
    return RouteTable(gateway="desk/agents", groups=entries)


@pytest.mark.parametrize("plain", FOREIGN.values(), ids=FOREIGN.keys())
def test_no_document_stops_who_reads_it(plain: bytes) -> None:
    assert read_table(gzip.compress(plain)) is None


@pytest.mark.parametrize("size", [MAX_PLAIN_BYTES, MAX_PLAIN_BYTES + 1])
def test_a_document_is_expanded_up_to_the_bound_only(size: int) -> None:
    start = b'{"gateway":"a"}'
    table = read_table(gzip.compress(start + b" " * (size - len(start))))

    assert (table is not None) == (size <= MAX_PLAIN_BYTES)


def test_what_expands_to_gigabytes_costs_no_more_than_the_bound() -> None:
    bomb = gzip.compress(b" " * (64 * MAX_PLAIN_BYTES))
    assert len(bomb) < MAX_TABLE_BYTES
    tracemalloc.start()
    try:
        assert read_table(bomb) is None
        assert tracemalloc.get_traced_memory()[1] < 3 * MAX_PLAIN_BYTES
    finally:
        tracemalloc.stop()


async def test_an_edit_changes_nothing_of_what_is_believed() -> None:
    scene = _Scene()
    scene.write(_table("tickets"))
    forged = _table("tickets", "secrets")
    scene.stand(compress_table(forged), forged.digest())

    assert await scene.published() == _table("tickets")
    assert scene.cluster.reads == 0


async def test_after_a_restart_the_table_is_read_once() -> None:
    scene = _Scene()
    scene.stand(compress_table(_table("tickets")), _table("tickets").digest())

    assert await scene.published() == _table("tickets")
    assert await scene.published() == _table("tickets")
    assert scene.cluster.reads == 1


async def test_a_table_without_its_digest_counts_for_nothing() -> None:
    scene = _Scene()
    scene.stand(compress_table(_table("tickets")), _table("others").digest())

    assert await scene.published() is None
    assert await scene.published() is None
    assert scene.cluster.reads == 1


async def test_an_edit_after_a_restart_leaves_the_table_before_believed() -> None:
    scene = _Scene()
    scene.stand(compress_table(_table("tickets")), _table("tickets").digest())
    await scene.published()
    scene.stand(b"AAAA", "")

    assert await scene.published() == _table("tickets")


async def test_a_table_of_another_gateway_counts_for_nothing() -> None:
    scene = _Scene()
    scene.write(_table("tickets"))

    assert await scene.published("uid-of-the-next") is None


async def test_past_the_bound_a_table_is_read_where_it_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(left_children, "KEPT_TABLES_BYTES", 10)
    scene = _Scene()
    scene.write(_table("tickets"))
    assert await scene.published() == _table("tickets")
    forged = _table("tickets", "secrets")
    scene.stand(compress_table(forged), forged.digest())

    assert await scene.published() == _table("tickets")

"""A published table is taken only if it is whole, ours, bounded, and understood."""

import base64
import gzip
import json

import pytest

from moorage_contract.route_table import (
    Discovery,
    Group,
    Route,
    RouteTable,
    encode_route_table,
)
from moorage_gateway.watching import published_table
from moorage_gateway.watching.published_table import TableRefused, read_table, table_of_config_map

GATEWAY = "agents/gw"
GROUP = Group(
    name="tickets",
    source="Workload",
    discovery=Discovery(namespace="agents", group="tickets", path="/mcp"),
)
TABLE = RouteTable(
    gateway=GATEWAY, routes=(Route(path="/tickets/mcp", group="tickets"),), groups=(GROUP,)
)


def packed(table: RouteTable = TABLE, **members: object) -> bytes:
    document = {**json.loads(encode_route_table(table)), **members}
    return gzip.compress(json.dumps(document).encode(), mtime=0)


def refusal(octets: bytes) -> str:
    with pytest.raises(TableRefused) as refused:
        read_table(octets, GATEWAY)
    return str(refused.value)


def test_the_table_and_the_operators_digest_come_back() -> None:
    read = read_table(gzip.compress(encode_route_table(TABLE), mtime=0), GATEWAY)
    assert read.table == TABLE
    assert read.digest == TABLE.digest()


def test_members_of_a_newer_operator_are_passed_over_and_stay_in_the_digest() -> None:
    read = read_table(packed(novelty=7), GATEWAY)
    assert read.table == TABLE
    assert read.digest != TABLE.digest()


def test_a_table_whose_meaning_we_would_miss_is_refused() -> None:
    assert "format 2" in refusal(packed(format=2))
    assert "upgrade" in refusal(packed(format=2))
    assert read_table(packed(format=1), GATEWAY).table == TABLE


def test_a_value_that_we_do_not_know_is_named() -> None:
    group = {**json.loads(encode_route_table(TABLE))["groups"][0], "transport": "Telepathy"}
    assert "$.groups[0].transport" in refusal(packed(groups=[group]))


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"", "cut off"),
        (b"no gzip", "no gzip"),
        (packed()[:-9], "cut off"),
        (gzip.compress(b"{", mtime=0), "no JSON"),
        (gzip.compress(b"\xff", mtime=0), "no JSON"),
        (gzip.compress(b"[]", mtime=0), "not understood"),
        (packed(gateway="agents/other"), 'gateway "agents/other"'),
        (packed(groups=[]), 'route to "tickets"'),
        (packed(groups=[json.loads(encode_route_table(TABLE))["groups"][0]] * 2), "twice"),
    ],
)
def test_what_is_wrong_is_told(octets: bytes, why: str) -> None:
    assert why in refusal(octets)


def test_a_table_that_unpacks_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published_table, "MAX_TABLE_BYTES", 1_000_000)
    bomb = gzip.compress(b" " * 100_000_000)
    assert len(bomb) < 200_000
    assert "over 1000000 bytes" in refusal(bomb)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"binaryData": None},
        {"binaryData": {}},
        {"binaryData": {"table": "%%%"}},
        {"data": {"table": "{}"}},
    ],
)
def test_a_config_map_without_a_table_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(TableRefused):
        table_of_config_map(document, GATEWAY)


def test_a_config_map_bears_the_table() -> None:
    document = {"binaryData": {"table": base64.b64encode(packed()).decode()}}
    assert table_of_config_map(document, GATEWAY).table == TABLE

"""A gateway's table names what its Secret holds, and goes on with that when the Secret is lost."""

import base64
from dataclasses import replace

from fakes.golden_cases import read_case, settings_of, snapshot_of
from moorage_contract.key_ids import keys_digest
from moorage_contract.route_table import RouteTable
from moorage_operator.planning.gateway_plan import plan_gateway
from moorage_operator.planning.snapshot import GatewaySnapshot
from moorage_operator.planning.table_document import read_table

CASE = read_case("gateway-every-field")


def table_with(keys: str, published: RouteTable | None = None) -> RouteTable:
    snapshot = snapshot_of(CASE)
    assert isinstance(snapshot, GatewaySnapshot)
    plan = plan_gateway(replace(snapshot, keys=keys, published=published), settings_of(CASE))
    (config_map,) = [dict(child) for child in plan.children if child["kind"] == "ConfigMap"]
    data = config_map["binaryData"]
    assert isinstance(data, dict)
    table = read_table(base64.b64decode(data["table"]))
    assert table is not None
    return table


def test_other_keys_make_another_table() -> None:
    assert table_with("a" * 16).keys == "a" * 16
    assert table_with("a" * 16).digest() != table_with("b" * 16).digest()


def test_a_secret_that_is_lost_changes_no_table() -> None:
    before = table_with("a" * 16)
    assert table_with("", published=before) == before
    assert table_with("").keys == ""


def test_every_change_of_the_secrets_content_has_another_name() -> None:
    contents = [(b"k1\n", b"{}"), (b"k1\nk2\n", b"{}"), (b"k2\nk1\n", b"{}"), (b"k1\n{", b"}")]
    assert len({keys_digest(ring, groups) for ring, groups in contents}) == len(contents)

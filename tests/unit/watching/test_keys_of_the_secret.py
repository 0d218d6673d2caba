"""The Secret's keys are read strictly, and never shown."""

import base64
import json

import pytest

from moorage_contract.route_table import Group, RouteTable
from moorage_gateway.watching.gateway_keys import KeysRefused, keys_of_secret, read_keys
from moorage_wire.capsules import KeyRing

SECRET = b"s" * 32
RING = KeyRing.new(SECRET)
GROUP_KEY = "ab" * 32


def test_ring_and_group_keys_are_read() -> None:
    keys = read_keys(RING.to_text().encode(), json.dumps({"agents/notes": GROUP_KEY}).encode())
    assert keys.ring == RING
    assert keys.groups == {"agents/notes": GROUP_KEY}


def test_a_gateway_without_stdio_groups_has_no_group_keys() -> None:
    assert read_keys(RING.to_text().encode(), b"").groups == {}


def test_a_secret_object_bears_them_in_base64() -> None:
    data = {
        "ring": base64.b64encode(RING.to_text().encode()).decode(),
        "groups": base64.b64encode(b"{}").decode(),
    }
    assert keys_of_secret({"data": data}).ring == RING


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"data": None},
        {"data": {"ring": "%"}},
        {"data": {"ring": 7}},
        {"data": {"ring": base64.b64encode(b"\xff\xff").decode()}},
        {"data": {"ring": base64.b64encode(b"short").decode()}},
    ],
)
def test_what_cannot_be_used_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(KeysRefused):
        keys_of_secret(document)


@pytest.mark.parametrize("groups", [b"[]", b"{", b'{"a":1}', b"\xff"])
def test_group_keys_are_an_object_of_texts(groups: bytes) -> None:
    with pytest.raises(KeysRefused, match="groups"):
        read_keys(RING.to_text().encode(), groups)


@pytest.mark.parametrize("unfit", ["", "ab", "AB" * 32, "gh" * 32, "ab" * 32 + "\n", "é" * 64])
def test_a_key_that_is_not_64_hex_digits_is_left_out_and_takes_no_other_along(unfit: str) -> None:
    groups = json.dumps({"agents/notes": GROUP_KEY, "agents/other": unfit}).encode()
    keys = read_keys(RING.to_text().encode(), groups)
    assert keys.groups == {"agents/notes": GROUP_KEY}
    assert keys.unfit_groups == ("agents/other",)


def test_no_text_of_them_shows_a_key() -> None:
    keys = read_keys(RING.to_text().encode(), json.dumps({"agents/notes": GROUP_KEY}).encode())
    shown = repr(keys) + str(keys)
    assert GROUP_KEY not in shown
    assert "ssss" not in shown and base64.b64encode(SECRET).decode() not in shown
    with pytest.raises(KeysRefused) as refused:
        read_keys(base64.b64encode(SECRET)[:-3], b"")
    assert "c3Nz" not in str(refused.value)


def test_no_text_of_a_table_shows_a_groups_key() -> None:
    group = Group(name="notes", source="Stdio", key=GROUP_KEY)
    table = RouteTable(gateway="agents/gw", groups=(group,))
    assert "notes" in repr(table) and GROUP_KEY not in repr(table)

"""EndpointSlices become endpoints: whose, at which URL, and whether they may get new sessions."""

from typing import Any

import pytest

from moorage_contract.route_table import Discovery, Endpoint
from moorage_gateway.watching.endpoint_slices import endpoints_of, read_slice

TICKETS = Discovery(namespace="agents", group="tickets", path="/mcp")


def pod(uid: str | None, address: str, **conditions: bool | None) -> dict[str, Any]:
    target = {} if uid is None else {"targetRef": {"kind": "Pod", "name": "p", "uid": uid}}
    return {"addresses": [address], "conditions": conditions, **target}


def slice_of(
    *endpoints: dict[str, Any],
    name: str = "s-1",
    group: str = "tickets",
    family: str = "IPv4",
    version: str = "1",
    ports: object = ({"name": "metrics", "port": 9}, {"name": "mcp", "port": 8000}),
) -> dict[str, Any]:
    labels = {"moorage.dev/upstream-group": group, "kubernetes.io/service-name": "x"}
    return {
        "metadata": {"name": name, "labels": labels, "resourceVersion": version},
        "addressType": family,
        "endpoints": list(endpoints),
        "ports": ports,
    }


def found(*documents: dict[str, Any], tls: bool = False) -> list[tuple[str, str, bool]]:
    slices = [read_slice(document) for document in documents]
    return [
        (endpoint.uid, endpoint.url, endpoint.ready)
        for endpoint in endpoints_of(slices, TICKETS, tls=tls)
    ]


def test_a_ready_pod_is_an_endpoint_at_the_port_named_mcp() -> None:
    assert found(slice_of(pod("u1", "10.0.0.1", ready=True))) == [
        ("u1", "http://10.0.0.1:8000/mcp", True)
    ]


def test_an_endpoint_has_the_name_of_its_pod() -> None:
    slices = [read_slice(slice_of(pod("u1", "10.0.0.1"), pod(None, "10.0.0.2")))]

    names = {endpoint.url: endpoint.name for endpoint in endpoints_of(slices, TICKETS, tls=False)}

    assert names == {"http://10.0.0.1:8000/mcp": "p", "http://10.0.0.2:8000/mcp": ""}


def test_endpoints_that_speak_tls_have_https_urls() -> None:
    assert found(slice_of(pod("u1", "10.0.0.1")), tls=True)[0][1] == "https://10.0.0.1:8000/mcp"


def test_ipv6_addresses_stand_in_brackets() -> None:
    document = slice_of(pod("u1", "2001:db8:0:0::1"), family="IPv6")
    assert found(document) == [("u1", "http://[2001:db8::1]:8000/mcp", True)]


@pytest.mark.parametrize(
    ("conditions", "ready"),
    [
        ({}, True),
        ({"ready": None}, True),
        ({"ready": True, "serving": True, "terminating": False}, True),
        ({"ready": False, "serving": False, "terminating": False}, False),
        ({"ready": False, "serving": True, "terminating": True}, False),
        ({"ready": True, "serving": True, "terminating": True}, False),
        ({"ready": False, "serving": False, "terminating": True}, False),
    ],
)
def test_readiness_follows_the_conditions(conditions: dict[str, Any], ready: bool) -> None:
    assert found(slice_of(pod("u1", "10.0.0.1", **conditions)))[0][2] is ready


def test_no_conditions_mean_ready() -> None:
    document = slice_of({"addresses": ["10.0.0.1"], "targetRef": {"uid": "u1"}})
    assert found(document)[0][2] is True


def test_several_slices_of_one_service_are_one_group() -> None:
    first = slice_of(pod("u2", "10.0.0.2"), name="s-1")
    second = slice_of(pod("u1", "10.0.0.1"), name="s-2")
    assert [uid for uid, _, _ in found(first, second)] == ["u1", "u2"]


def test_slices_of_other_groups_do_not_count() -> None:
    assert found(slice_of(pod("u1", "10.0.0.1"), group="notes")) == []


def test_a_pod_in_two_slices_is_one_endpoint_by_the_newer_word() -> None:
    old = slice_of(pod("u1", "10.0.0.1", ready=True), name="s-1", version="9")
    new = slice_of(pod("u1", "10.0.0.1", ready=False), name="s-2", version="10")
    assert found(old, new) == found(new, old) == [("u1", "http://10.0.0.1:8000/mcp", False)]


def test_a_pod_of_two_families_keeps_its_ipv4_address() -> None:
    four = slice_of(pod("u1", "10.0.0.1"), name="s-1", version="1")
    six = slice_of(pod("u1", "2001:db8::1"), name="s-2", family="IPv6", version="2")
    assert found(six, four) == [("u1", "http://10.0.0.1:8000/mcp", True)]


def test_an_address_given_to_a_new_pod_is_no_longer_the_old_ones() -> None:
    old = slice_of(pod("old", "10.0.0.1", ready=False, terminating=True), name="s-1", version="9")
    new = slice_of(pod("new", "10.0.0.1", ready=True), name="s-2", version="8")
    assert [uid for uid, _, _ in found(old, new)] == ["new"]


def test_of_two_that_both_claim_an_address_the_newer_word_counts() -> None:
    old = slice_of(pod("old", "10.0.0.1"), name="s-1", version="99")
    new = slice_of(pod("new", "10.0.0.1"), name="s-2", version="100")
    assert [uid for uid, _, _ in found(new, old)] == ["new"]


def test_a_hand_made_endpoint_without_a_pod_is_known_by_its_url() -> None:
    [(uid, url, _)] = found(slice_of(pod(None, "10.0.0.1")))
    assert url == "http://10.0.0.1:8000/mcp"
    assert len(uid) == 16
    assert found(slice_of(pod(None, "10.0.0.2")))[0][0] != uid


@pytest.mark.parametrize(
    "document",
    [
        slice_of(pod("u1", "10.0.0.1"), ports=None),
        slice_of(pod("u1", "10.0.0.1"), ports=[{"name": "http", "port": 8000}]),
        slice_of(pod("u1", "10.0.0.1"), ports=[{"name": "mcp"}]),
        slice_of(pod("u1", "host.example"), family="FQDN"),
        slice_of(pod("u1", "host.example/../")),
        slice_of({"addresses": []}),
    ],
)
def test_what_cannot_be_reached_is_no_endpoint(document: dict[str, Any]) -> None:
    assert found(document) == []


def test_a_null_list_is_empty() -> None:
    document = {**slice_of(), "endpoints": None}
    assert found(document) == []


def test_the_endpoints_are_as_the_table_has_them() -> None:
    [endpoint] = endpoints_of([read_slice(slice_of(pod("u1", "10.0.0.1")))], TICKETS, tls=False)
    assert endpoint == Endpoint(uid="u1", name="p", url="http://10.0.0.1:8000/mcp")

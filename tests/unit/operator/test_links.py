"""Whom a change concerns, found by names in both directions."""

from typing import Any

from moorage_operator.api.metadata import ResourceName
from moorage_operator.running.links import (
    GatewayLinks,
    Links,
    WorkloadRef,
    gateway_links,
    workload_ref,
)
from moorage_operator.running.newest import Incarnation
from moorage_operator.running.resource_key import ResourceKey, gateway_key, group_key

ONE = Incarnation("uid-1", 1)


def _name(name: str, namespace: str = "agents") -> ResourceName:
    return ResourceName(namespace, name)


def _around_gateway(links: Links, name: str) -> frozenset[ResourceKey]:
    return links.around_gateway(_name(name), links.named_by_gateway(_name(name)))


def _around_group(links: Links, name: str) -> frozenset[ResourceKey]:
    return links.around_group(_name(name), links.named_by_group(_name(name)))


def test_a_group_concerns_the_gateways_that_name_it_also_of_other_namespaces() -> None:
    links = Links()
    links.put_gateway(_name("near"), ONE, GatewayLinks(frozenset({_name("tickets")})))
    links.put_gateway(_name("far", "b"), ONE, GatewayLinks(frozenset({_name("tickets")})))
    links.put_gateway(_name("other"), ONE, GatewayLinks(frozenset({_name("notes")})))
    assert _around_group(links, "tickets") == {
        gateway_key(_name("near")),
        gateway_key(_name("far", "b")),
    }


def test_a_gateway_concerns_its_groups_and_rivals_for_a_hostname() -> None:
    links = Links()
    names = frozenset({"mcp.example.com"})
    links.put_gateway(_name("one"), ONE, GatewayLinks(frozenset({_name("tickets")}), names))
    links.put_gateway(_name("two", "b"), ONE, GatewayLinks(frozenset(), names))
    assert _around_gateway(links, "one") == {
        group_key(_name("tickets")),
        gateway_key(_name("two", "b")),
    }


def test_two_groups_on_one_workload_concern_each_other() -> None:
    links = Links()
    ref = WorkloadRef("Deployment", _name("tickets"))
    links.put_group(_name("one"), ONE, ref)
    links.put_group(_name("two"), ONE, ref)
    assert links.groups_on(ref) == {_name("one"), _name("two")}
    assert _around_group(links, "one") == {group_key(_name("two"))}


def test_a_group_concerns_the_gateways_whose_published_table_alone_names_it() -> None:
    links = Links()
    links.put_gateway(_name("one"), ONE, GatewayLinks(frozenset({_name("notes")})))
    links.put_published(_name("one"), ONE.uid, frozenset({_name("tickets"), _name("notes")}))
    assert _around_group(links, "tickets") == {gateway_key(_name("one"))}
    assert links.gateways_of(_name("tickets")) == frozenset()
    links.put_published(_name("one"), ONE.uid, frozenset({_name("notes")}))
    assert _around_group(links, "tickets") == frozenset()


def test_a_table_of_a_gateway_that_is_gone_concerns_nobody() -> None:
    links, tickets = Links(), frozenset({_name("tickets")})
    links.put_gateway(_name("one"), ONE, GatewayLinks())
    links.put_published(_name("one"), "uid-of-a-former-one", tickets)
    assert _around_group(links, "tickets") == frozenset()
    links.put_published(_name("one"), ONE.uid, tickets)
    links.end_gateway(_name("one"), ONE.uid)
    # A reconcile that had begun before its end.
    links.put_published(_name("one"), ONE.uid, tickets)
    assert _around_group(links, "tickets") == frozenset()


def test_what_is_forgotten_concerns_nobody() -> None:
    links = Links()
    links.put_gateway(
        _name("one"), ONE, GatewayLinks(frozenset({_name("tickets")}), frozenset({"h"}))
    )
    links.end_gateway(_name("one"), ONE.uid)
    assert links.gateways_of(_name("tickets")) == frozenset()
    assert links.gateways_with("h") == frozenset()
    assert _around_gateway(links, "one") == frozenset()


def test_documents_with_anything_in_them_are_read_as_far_as_they_go() -> None:
    routes: list[Any] = [
        None,
        {"upstream": 7},
        {"upstream": {"name": ["x"]}},
        {"upstream": {"name": "tickets"}},
        {"upstream": {"name": "notes", "namespace": "b"}},
    ]
    document = {"spec": {"routes": routes, "listener": {"hostnames": ["h", 3]}}}
    links = gateway_links(_name("one"), document)
    assert links == GatewayLinks(
        frozenset({_name("tickets"), _name("notes", "b")}), frozenset({"h"})
    )
    for broken in ({}, {"spec": None}, {"spec": {"routes": 1, "listener": []}}):
        assert gateway_links(_name("one"), broken) == GatewayLinks()
    assert workload_ref(_name("g"), {"spec": {"source": {"workload": {"name": 3}}}}) is None


def test_loopback_names_belong_to_nobody() -> None:
    name = ResourceName("team", "agents")
    hostnames = ["localhost", "LOCALHOST", "127.0.0.1", "::1", "[::1]", "mcp.example.com"]
    links = gateway_links(name, {"spec": {"listener": {"hostnames": hostnames}}})
    assert links.hostnames == {"mcp.example.com"}

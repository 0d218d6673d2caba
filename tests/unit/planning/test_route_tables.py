"""One gateway and its groups become one RouteTable."""

import itertools
from typing import Any

import pytest

from fakes.cr_documents import gateway_document, group_document, route, stdio_group_document
from moorage_contract.route_table import (
    Affinity,
    Endpoint,
    Group,
    Route,
    RouteTable,
    SessionRules,
    decode_route_table,
    encode_route_table,
)
from moorage_operator.api.gateway import McpGateway
from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.resources import read_resource
from moorage_operator.api.upstream_group import McpUpstreamGroup
from moorage_operator.planning.route_table import plan_route_table, table_name

TICKETS = ResourceName("desk", "tickets")
ENDPOINT = Endpoint(uid="1", url="http://127.0.0.1:9000/mcp")


def read_gateway(**spec: Any) -> McpGateway:
    gateway = read_resource(gateway_document(**spec))
    assert isinstance(gateway, McpGateway)
    return gateway


def groups_of(*documents: dict[str, Any]) -> dict[ResourceName, McpUpstreamGroup]:
    groups = [read_resource(document) for document in documents]
    return {group.name: group for group in groups if isinstance(group, McpUpstreamGroup)}


def test_defaults_of_the_specs_are_the_defaults_of_the_table() -> None:
    table = plan_route_table(read_gateway(), groups_of(group_document()), {TICKETS: (ENDPOINT,)})
    assert table == RouteTable(
        gateway="desk/agents",
        routes=(Route(path="/tickets/mcp", group="tickets"),),
        groups=(Group(name="tickets", source="External", endpoints=(ENDPOINT,)),),
    )


def test_everything_the_data_plane_needs_is_carried_over() -> None:
    group = group_document(
        source={"workload": {"name": "t", "port": 1, "transport": "HttpSse"}},
        sessions={
            "perPod": 7,
            "idleSeconds": 8,
            "maxSeconds": 9,
            "onPodLoss": "Fail",
            "affinity": {"type": "Header", "header": "X-Session-ID"},
        },
        timeouts={"answerSeconds": 10},
    )
    gateway = read_gateway(listener={"hostnames": ["mcp.example.com"]})
    table = plan_route_table(gateway, groups_of(group), {})
    assert table.hostnames == ("mcp.example.com",)
    assert table.groups == (
        Group(
            name="tickets",
            source="Workload",
            transport="HttpSse",
            endpoints=(),
            sessions=SessionRules(
                per_pod=7,
                idle_seconds=8,
                max_seconds=9,
                on_pod_loss="Fail",
                affinity=Affinity(kind="Header", header="x-session-id"),
            ),
            answer_seconds=10,
        ),
    )


def test_stdio_groups_are_reached_by_streamable_http() -> None:
    table = plan_route_table(read_gateway(), groups_of(stdio_group_document()), {})
    assert (table.groups[0].source, table.groups[0].transport) == ("Stdio", "StreamableHttp")


def test_groups_that_no_route_names_are_left_out() -> None:
    groups = groups_of(group_document(), group_document("notes"))
    table = plan_route_table(read_gateway(), groups, {})
    assert [group.name for group in table.groups] == ["tickets"]


def test_groups_of_one_name_in_two_namespaces_stay_apart() -> None:
    other = group_document()
    other["metadata"]["namespace"] = "office"
    foreign = {"path": "/o", "upstream": {"name": "tickets", "namespace": "office"}}
    gateway = read_gateway(routes=[route("/d", "tickets"), foreign])
    table = plan_route_table(gateway, groups_of(group_document(), other), {TICKETS: (ENDPOINT,)})
    assert [route.group for route in table.routes] == ["tickets", "office/tickets"]
    assert [(group.name, len(group.endpoints)) for group in table.groups] == [
        ("tickets", 1),
        ("office/tickets", 0),
    ]
    assert table_name(TICKETS, "office") == "desk/tickets"


@pytest.mark.parametrize("order", list(itertools.permutations(["a", "b", "c"])))
def test_the_order_of_the_groups_changes_nothing(order: tuple[str, ...]) -> None:
    gateway = read_gateway(routes=[route("/c", "c"), route("/a", "a"), route("/b", "b")])
    table = plan_route_table(gateway, groups_of(*map(group_document, order)), {})
    expected = plan_route_table(gateway, groups_of(*map(group_document, "abc")), {})
    assert table.digest() == expected.digest()
    assert decode_route_table(encode_route_table(table)) == table
    assert [route.path for route in table.routes] == ["/c", "/a", "/b"]

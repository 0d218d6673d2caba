"""A group that loses its route and its permission at once is named until every pod has heard.

Only what a table names as unresolved loses its running traffic: pods read nothing else.
"""

from dataclasses import replace
from typing import Any

import pytest

from fakes.golden_cases import observed, read_case, settings_of, snapshot_of, table_of
from moorage_contract.route_table import RouteTable
from moorage_operator.planning.gateway_plan import plan_gateway
from moorage_operator.planning.snapshot import (
    ChildKey,
    GatewayPodReport,
    GatewaySnapshot,
    ObservedChild,
    ObservedDeployment,
)
from moorage_operator.rendering.child_names import gateway_child_name

Document = dict[str, Any]
OLD: Document = {
    "apiVersion": "moorage.dev/v1alpha1",
    "kind": "McpUpstreamGroup",
    "metadata": {"name": "old", "namespace": "elsewhere"},
    "spec": {
        "source": {"workload": {"name": "old", "port": 8080}},
        "allowedGateways": {"namespaces": {"from": "All"}},
    },
}
FORBIDDEN = {**OLD, "spec": {"source": OLD["spec"]["source"]}}
ROUTE = {"path": "/old", "upstream": {"name": "old", "namespace": "elsewhere"}}


def as_gateway(document: Document) -> GatewaySnapshot:
    found = snapshot_of(document)
    assert isinstance(found, GatewaySnapshot)
    return found


def planned(snapshot: GatewaySnapshot) -> RouteTable:
    table = table_of(plan_gateway(snapshot, settings_of(read_case("gateway-one-pod"))))
    assert table is not None
    return table


def before() -> RouteTable:
    """The table while the route was there."""
    document = read_case("gateway-one-pod")
    document["resource"]["spec"]["routes"].append(ROUTE)
    document["groups"].append(OLD)
    return planned(as_gateway(document))


def routeless(group: Document | None, published: RouteTable, **more: Any) -> GatewaySnapshot:
    """The gateway without that route, and the group as it is then, if it is there."""
    groups = {} if group is None else {observed(group).name: observed(group)}
    gateway = as_gateway(read_case("gateway-one-pod"))
    reported = {"reports": serving(published, before()), **more}
    return replace(gateway, published=published, published_groups=groups, **reported)


def unresolved(table: RouteTable) -> dict[str, str]:
    return {group.name: group.unresolved for group in table.groups if group.unresolved}


def serving(*tables: RouteTable) -> tuple[GatewayPodReport, ...]:
    """One pod for each table."""
    digests = enumerate(table.digest() for table in tables)
    return tuple(GatewayPodReport(f"pod-{at}", each, frozenset(), 0, 0) for at, each in digests)


@pytest.mark.parametrize(
    ("group", "why"), [(FORBIDDEN, "does not allow gateways"), (None, "not there any more")]
)
def test_it_is_named_with_what_was_taken_away(group: Document | None, why: str) -> None:
    table = planned(routeless(group, before()))

    assert list(unresolved(table)) == ["elsewhere/old"]
    assert why in unresolved(table)["elsewhere/old"]
    assert [route.path for route in table.routes] == ["/tickets/mcp"]


def test_whether_it_still_exists_is_not_told() -> None:
    forbidden, gone = (planned(routeless(group, before())) for group in (FORBIDDEN, None))

    assert forbidden == gone


def test_a_group_that_only_lost_its_route_is_not_named() -> None:
    """Its calls run on to their own end."""
    assert [group.name for group in planned(routeless(OLD, before())).groups] == ["tickets"]


def test_a_group_whose_route_had_left_before_is_not_named() -> None:
    left = planned(routeless(OLD, before()))

    assert unresolved(planned(routeless(FORBIDDEN, left))) == {}


@pytest.mark.parametrize("group", [FORBIDDEN, None])
def test_it_is_named_until_every_pod_serves_the_table_that_names_it(
    group: Document | None,
) -> None:
    naming = planned(routeless(group, before()))
    late = serving(naming, before())

    assert planned(routeless(group, naming)) == naming
    assert planned(routeless(group, naming, reports=late)) == naming

    last = planned(routeless(group, naming, reports=serving(naming, naming)))
    assert [each.name for each in last.groups] == ["tickets"]
    assert planned(routeless(group, last, reports=serving(naming, last))) == last


def test_a_group_that_allows_again_is_not_named() -> None:
    naming = planned(routeless(FORBIDDEN, before()))

    assert unresolved(planned(routeless(OLD, naming))) == {}


@pytest.mark.parametrize(("ready", "named"), [(0, []), (1, ["elsewhere/old"])])
def test_a_pod_that_serves_and_is_not_heard_yet_is_told_too(ready: int, named: list[str]) -> None:
    """A new leader plans before the pods are back. Where no pod serves, nothing could end."""
    gateway = routeless(None, before(), reports=(), **deployed(ready))

    assert list(unresolved(planned(gateway))) == named


def deployed(ready: int) -> dict[str, Any]:
    """That the gateway has a Deployment with so many ready pods, and its keys."""
    resource = as_gateway(read_case("gateway-one-pod")).resource
    name = gateway_child_name(resource.name.name)
    keys = [ChildKey(kind, resource.name.namespace, name) for kind in ("Deployment", "Secret")]
    return {
        "children": {key: ObservedChild(key, resource.uid) for key in keys},
        "deployment": ObservedDeployment(1, 1, 1, 1, ready, ready),
    }

"""What a group names vanishes for a while: what it had published goes on being served."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from fakes.golden_cases import read_case, settings_of, snapshot_of, table_of
from moorage_contract.route_table import Group
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.gateway_plan import plan_gateway
from moorage_operator.planning.group_plan import plan_group
from moorage_operator.planning.ownership import child_key
from moorage_operator.planning.snapshot import GatewaySnapshot, ObservedChild, Plan

Document = dict[str, Any]
TICKETS = ResourceName("agents", "tickets")
FAILURE = "the ConfigMap is not there"
TLS = {"hostname": "tickets.internal", "caConfigMapName": "tickets-ca"}
PLAIN = {"workload": {"name": "tickets", "port": 80}}
PEM = "-----BEGIN CERTIFICATE-----"


def source(**changes: object) -> Document:
    return {"workload": {"name": "tickets", "port": 8443, "tls": TLS, **changes}}


def snapshot(source: Document, pem: str | None = PEM, **more: Any) -> GatewaySnapshot:
    """A gateway with one route, to a group with this source."""
    document = read_case("gateway-one-pod")
    document["groups"][0]["spec"] = {"source": source}
    found = snapshot_of(document)
    assert isinstance(found, GatewaySnapshot)
    is_pinned = "caConfigMapName" in source.get("workload", {}).get("tls", {})
    authorities = {TICKETS: pem} if is_pinned and pem is not None else {}
    return replace(found, group_authorities=authorities, **more)


def plan(snapshot: GatewaySnapshot) -> Plan:
    return plan_gateway(snapshot, settings_of(read_case("gateway-one-pod")))


def served(before: Document, now: Document) -> tuple[Group, Group, Plan]:
    """The group's entry before and after its source became ``now`` and failed."""
    published = table_of(plan(snapshot(before)))
    failures = {TICKETS: FAILURE}
    planned = plan(snapshot(now, None, published=published, group_failures=failures))
    table = table_of(planned)
    assert published is not None and table is not None
    return published.groups[0], table.groups[0], planned


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(source(), id="the same"),
        pytest.param(source(name="other"), id="another workload"),
        pytest.param(source(path="/other"), id="another path"),
        pytest.param(source(tls={**TLS, "caConfigMapName": "other"}), id="another ConfigMap"),
        pytest.param(source(tls={"hostname": TLS["hostname"]}), id="the system's authorities"),
        pytest.param(PLAIN, id="no TLS any more"),
    ],
)
def test_the_entry_stays_and_the_condition_tells(now: Document) -> None:
    before, after, planned = served(source(), now)

    assert after == before
    assert after.tls is not None and after.tls.ca_pem == PEM
    (refs,) = [each for each in planned.conditions if each.type == "ResolvedRefs"]
    assert (refs.reason, FAILURE in refs.message) == ("UpstreamFailed", True)
    assert planned.counts["routes"] == 1


@pytest.mark.parametrize(
    ("before", "now"),
    [
        pytest.param(PLAIN, source(), id="TLS is new"),
        pytest.param(source(tls={"hostname": TLS["hostname"]}), source(), id="a CA is new"),
        pytest.param(
            source(), source(tls={**TLS, "hostname": "other.internal"}), id="another host name"
        ),
        pytest.param(
            {"external": {"urls": ["https://a.example/mcp"]}}, source(), id="from outside"
        ),
    ],
)
def test_an_entry_that_is_less_safe_than_the_spec_does_not_stay(
    before: Document, now: Document
) -> None:
    _, after, _ = served(before, now)

    assert after.unresolved == FAILURE
    assert (after.discovery, after.endpoints) == (None, ())


def test_a_group_that_was_never_served_is_unresolved() -> None:
    table = table_of(plan(snapshot(source(), group_failures={TICKETS: FAILURE})))

    assert table is not None and table.groups[0].unresolved == FAILURE


def test_authorities_that_vanished_a_moment_ago_are_not_published_as_none() -> None:
    published = table_of(plan(snapshot(source())))

    table = table_of(plan(snapshot(source(), None, published=published)))

    assert table == published


def lost(document: Document) -> None:
    del document["workload"]


def with_expressions(document: Document) -> None:
    document["workload"]["has_expressions"] = True


@pytest.mark.parametrize("fail", [lost, with_expressions])
def test_the_way_to_the_pods_stays(fail: Callable[[Document], None]) -> None:
    document = read_case("group-workload")
    settings = settings_of(document)
    whole: Any = snapshot_of(document)
    keys = [child_key(child) for child in plan_group(whole, settings).children]
    made = {key: ObservedChild(key, whole.resource.uid) for key in keys}
    fail(document)
    failed: Any = snapshot_of(document)

    planned = plan_group(replace(failed, children=made), settings)

    assert any(key.kind == "Service" for key in made)
    assert not any(key.kind == "Service" for key in planned.unwanted)

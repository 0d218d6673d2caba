"""A permission that was taken away reaches gateways also where no new table can be made."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from fakes.golden_cases import observed, read_case, settings_of, snapshot_of, table_of
from moorage_operator.planning import table_document
from moorage_operator.planning.gateway_plan import plan_gateway
from moorage_operator.planning.snapshot import ChildKey, GatewaySnapshot

Document = dict[str, Any]
ELSEWHERE = {"name": "tickets", "namespace": "elsewhere"}
ALL = {"namespaces": {"from": "All"}}


def case() -> Document:
    """A gateway of the namespace agents on a group of another one, which allows it."""
    document = read_case("gateway-one-pod")
    document["resource"]["spec"]["routes"][0]["upstream"] = ELSEWHERE
    document["groups"][0]["metadata"] = ELSEWHERE
    document["groups"][0]["spec"]["allowedGateways"] = ALL
    return document


def refused(now: Document) -> Document:
    now["resource"]["spec"]["routes"][0]["path"] = "no path"
    return now


def allowed_no_more(now: Document) -> Document:
    del now["groups"][0]["spec"]["allowedGateways"]
    return now


def snapshot(now: Document, **more: Any) -> GatewaySnapshot:
    """The snapshot of a gateway whose table was published while its group allowed it."""
    table = table_of(plan_gateway(as_gateway(case()), settings_of(now)))
    assert table is not None and table.groups[0].discovery is not None
    return replace(as_gateway(now), published=table, **more)


def as_gateway(now: Document) -> GatewaySnapshot:
    found = snapshot_of(now)
    assert isinstance(found, GatewaySnapshot)
    return found


@pytest.fixture(params=["refused", "too large"])
def hindered(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Document:
    """A gateway for which no new table can be made."""
    if request.param == "refused":
        return refused(case())
    document = case()
    routes = document["resource"]["spec"]["routes"]
    for number in range(200):
        routes.append({"path": f"/{number}{hash_of(number)}", "upstream": {"name": "absent"}})
    monkeypatch.setattr(table_document, "MAX_TABLE_BYTES", 1500)
    return document


def hash_of(number: int) -> str:
    return f"{number * 2654435761 % 2**64:016x}"


def test_a_group_that_allows_the_gateway_no_more_is_taken_out(hindered: Document) -> None:
    before = snapshot(hindered)
    plan = plan_gateway(snapshot(allowed_no_more(hindered)), settings_of(hindered))

    table = table_of(plan)
    assert table is not None and before.published is not None
    assert "does not allow gateways" in table.groups[0].unresolved
    assert table.groups[0].discovery is None
    assert (table.routes, table.keys) == (before.published.routes, before.published.keys)
    assert plan.counts["routes"] == 0
    assert plan.unwanted == ()
    assert plan.conditions[0].reason in ("InvalidValue", "TableTooLarge")


def test_a_group_that_is_gone_is_taken_out(hindered: Document) -> None:
    table = table_of(plan_gateway(snapshot({**hindered, "groups": []}), settings_of(hindered)))

    assert table is not None
    assert "not there any more" in table.groups[0].unresolved


def test_what_is_still_allowed_stays_as_published(hindered: Document) -> None:
    before = snapshot(hindered)
    plan = plan_gateway(before, settings_of(hindered))

    # Planned all the same: what somebody edited in the ConfigMap is put right.
    assert table_of(plan) == before.published
    assert plan.counts["routes"] == 1


def test_once_taken_out_nothing_more_changes(hindered: Document) -> None:
    now = allowed_no_more(hindered)
    first = table_of(plan_gateway(snapshot(now), settings_of(now)))

    again = plan_gateway(replace(snapshot(now), published=first), settings_of(now))

    assert first is not None
    assert table_of(again) == first


def test_a_group_that_only_the_published_table_names_is_judged_too(hindered: Document) -> None:
    hindered["resource"]["spec"]["routes"][0]["upstream"] = {"name": "absent"}
    other = deepcopy(hindered["groups"][0])
    still_there = observed(other)
    hindered["groups"] = []

    kept = snapshot(hindered, published_groups={still_there.name: still_there})
    assert table_of(plan_gateway(kept, settings_of(hindered))) == kept.published

    del other["spec"]["allowedGateways"]
    withdrawn = snapshot(hindered, published_groups={still_there.name: observed(other)})
    table = table_of(plan_gateway(withdrawn, settings_of(hindered)))
    assert table is not None and table.groups[0].unresolved


def test_a_group_that_is_refused_stays_as_it_was(hindered: Document) -> None:
    hindered["groups"][0]["spec"]["source"] = {}

    before = snapshot(hindered)

    assert table_of(plan_gateway(before, settings_of(hindered))) == before.published


def test_a_config_map_of_somebody_else_is_left_alone(hindered: Document) -> None:
    now = snapshot(allowed_no_more(hindered))
    place = ChildKey("ConfigMap", "agents", "agents-gateway")
    taken = snapshot_of({**hindered, "children": {"ConfigMap": "another"}})
    assert place in taken.children

    plan = plan_gateway(replace(now, children=taken.children), settings_of(hindered))

    assert table_of(plan) is None


def test_a_kept_table_names_the_present_report_channel(hindered: Document) -> None:
    settings = replace(settings_of(hindered), report_url="wss://new/report", report_ca_pem="new")

    table = table_of(plan_gateway(snapshot(hindered), settings))

    assert table is not None and table.report is not None
    assert (table.report.url, table.report.ca_pem) == ("wss://new/report", "new")

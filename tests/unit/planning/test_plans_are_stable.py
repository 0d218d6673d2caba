"""A plan follows from its snapshot alone, and never reaches for an object of somebody else."""

import random
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from fakes.golden_cases import CASES, plan_document, read_case, settings_of, snapshot_of
from moorage_operator.planning.gateway_plan import plan_gateway
from moorage_operator.planning.group_plan import plan_group
from moorage_operator.planning.ownership import child_key
from moorage_operator.planning.snapshot import ChildKey, GatewaySnapshot, ObservedChild, Plan

SOMEBODY_ELSE = "99999999-0000-4000-8000-000000000009"
SHUFFLES = 5
CRDS = Path(__file__).parents[3] / "crds"


def plan(snapshot: Any, case: str) -> Plan:
    settings = settings_of(read_case(case))
    planner: Any = plan_gateway if isinstance(snapshot, GatewaySnapshot) else plan_group
    planned: Plan = planner(snapshot, settings)
    return planned


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same snapshot with every set-like member in another order."""
    if isinstance(value, Mapping):
        items = list(value.items())
        chance.shuffle(items)
        return dict(items)
    if isinstance(value, tuple):
        return tuple(chance.sample(value, len(value)))
    return value


@pytest.mark.parametrize("case", CASES)
def test_the_order_of_what_was_observed_does_not_matter(case: str) -> None:
    snapshot: Any = snapshot_of(read_case(case))
    expected = plan_document(plan(snapshot, case))
    chance = random.Random(case)

    for _ in range(SHUFFLES):
        changes = {
            each.name: shuffled(getattr(snapshot, each.name), chance) for each in fields(snapshot)
        }
        assert plan_document(plan(replace(snapshot, **changes), case)) == expected


@pytest.mark.parametrize("case", CASES)
def test_planning_again_with_the_children_in_place_changes_no_child(case: str) -> None:
    snapshot: Any = snapshot_of(read_case(case))
    first = plan(snapshot, case)
    uid = snapshot.resource.uid
    applied = {child_key(child): ObservedChild(child_key(child), uid) for child in first.children}
    kept = {key: at for key, at in snapshot.children.items() if key not in first.unwanted}

    again = plan(replace(snapshot, children={**kept, **applied}), case)

    assert again.children == first.children
    assert again.unwanted == ()


@pytest.mark.parametrize("owner", [SOMEBODY_ELSE, None])
@pytest.mark.parametrize("case", CASES)
def test_an_object_that_is_not_ours_is_neither_applied_to_nor_deleted(
    case: str, owner: str | None
) -> None:
    snapshot: Any = snapshot_of(read_case(case))
    planned = plan(snapshot, case)
    for key in [*map(child_key, planned.children), *planned.unwanted]:
        children = {**snapshot.children, key: ObservedChild(key, owner)}
        with_foreign = plan(replace(snapshot, children=children), case)

        assert key not in _touched(with_foreign)
        wanted = set(map(child_key, planned.children))
        withheld = {one for one in wanted if key in wanted and _uses(one, key)}
        assert _touched(with_foreign) == _touched(planned) - {key} - withheld
        if key in wanted:
            accepted = with_foreign.conditions[0]
            assert accepted.reason == "NameTaken"
            assert f"{key.kind} {key.namespace}/{key.name}" in accepted.message


def _uses(one: ChildKey, other: ChildKey) -> bool:
    """Whether it would bind, run as, or mount the other."""
    users = {
        "Role": {"RoleBinding", "Deployment"},
        "ServiceAccount": {"RoleBinding", "Deployment"},
        "RoleBinding": {"Deployment"},
        "ConfigMap": {"Deployment"},
    }
    return one.kind in users.get(other.kind, set())


@pytest.mark.parametrize("case", CASES)
def test_a_binding_of_ours_to_a_role_that_became_a_strangers_goes(case: str) -> None:
    snapshot: Any = snapshot_of(read_case(case))
    uid = snapshot.resource.uid
    bindings = [
        key for key in map(child_key, plan(snapshot, case).children) if key.kind == "RoleBinding"
    ]
    for binding in bindings:
        role = replace(binding, kind="Role")
        children = {binding: ObservedChild(binding, uid), role: ObservedChild(role, SOMEBODY_ELSE)}

        planned = plan(replace(snapshot, children={**snapshot.children, **children}), case)

        assert binding in planned.unwanted


@pytest.mark.parametrize("case", CASES)
def test_in_a_namespace_that_ends_nothing_is_planned(case: str) -> None:
    snapshot: Any = snapshot_of(read_case(case))

    planned = plan(replace(snapshot, namespace_terminating=True), case)

    assert planned == Plan(children=(), unwanted=(), conditions=(), counts={})


@pytest.mark.parametrize("case", CASES)
def test_a_status_has_only_members_that_the_schema_knows(case: str) -> None:
    plural = f"{read_case(case)['resource']['kind'].lower()}s"
    definition = yaml.safe_load((CRDS / f"moorage.dev_{plural}.yaml").read_text())
    schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    known = schema["properties"]["status"]["properties"]

    assert plan(snapshot_of(read_case(case)), case).counts.keys() <= known.keys()


def test_a_change_of_the_table_does_not_restart_the_pods() -> None:
    case = read_case("gateway-every-field")
    before = plan(snapshot_of(case), "gateway-every-field")
    case["resource"]["spec"]["routes"].pop()
    case["groups"].pop()
    after = plan(snapshot_of(case), "gateway-every-field")

    changed = [
        child_key(now).kind
        for now, then in zip(after.children, before.children, strict=True)
        if now != then
    ]
    assert changed == ["ConfigMap"]


def _touched(planned: Plan) -> set[ChildKey]:
    return {*map(child_key, planned.children), *planned.unwanted}

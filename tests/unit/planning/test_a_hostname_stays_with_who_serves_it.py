"""A host name that is in use is nobody else's, however old; and in any order one has it."""

from dataclasses import replace
from itertools import combinations, permutations, product
from typing import Any

import pytest

from fakes.golden_cases import observed, read_case, settings_of, snapshot_of, table_of
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning import table_document
from moorage_operator.planning.gateway_plan import plan_gateway
from moorage_operator.planning.hostnames import hostname_owner, named_hostnames
from moorage_operator.planning.snapshot import (
    ChildKey,
    GatewaySnapshot,
    ObservedChild,
    ObservedResource,
)

NAME = "mcp.example.com"
AGES = {"a/oldest": 1, "c/middle": 2, "b/middle": 2, "a/youngest": 3}
Told = frozenset[str]
"""Whose status lists the host name."""


def _gateway(name: str, told: Told, names: tuple[str, ...] = (NAME,)) -> ObservedResource:
    namespace, _, own = name.partition("/")
    metadata = {
        "namespace": namespace,
        "name": own,
        "creationTimestamp": f"2026-11-24T08:00:0{AGES[name]}Z",
    }
    return observed(
        {
            "metadata": metadata,
            "spec": {"listener": {"hostnames": list(names)}},
            "status": {"hostnames": [NAME] if name in told else []},
        }
    )


def _owner(there: tuple[str, ...], told: Told) -> str:
    return str(hostname_owner(NAME, [_gateway(name, told) for name in there]))


def _looked_at(name: str, there: tuple[str, ...], seen: Told, told: Told) -> Told:
    """What statuses say once this gateway was planned by what was seen."""
    return told | {name} if _owner(there, seen) == name else told - {name}


@pytest.mark.parametrize("there", list(permutations(AGES)))
def test_who_serves_it_keeps_it_whatever_its_age(there: tuple[str, ...]) -> None:
    for holder in there:
        assert _owner(there, frozenset({holder})) == holder


@pytest.mark.parametrize("there", list(permutations(AGES)))
def test_the_oldest_of_many_has_it_then_the_smaller_name(there: tuple[str, ...]) -> None:
    assert _owner(there, frozenset()) == "a/oldest"
    assert _owner(there, frozenset({"a/youngest", "b/middle", "c/middle"})) == "b/middle"


@pytest.mark.parametrize("order", list(permutations(AGES)))
def test_in_every_order_and_from_every_state_one_is_left_who_stays(order: tuple[str, ...]) -> None:
    for told in (frozenset(some) for n in range(5) for some in combinations(order, n)):
        first = _owner(order, told)
        for name in (*order, *order):
            told = _looked_at(name, order, told, told)
        assert told == {first}


def test_claims_that_do_not_see_each_other_end_with_one() -> None:
    there = ("a/oldest", "b/middle", "a/youngest")
    states = [frozenset(some) for n in range(4) for some in combinations(there, n)]
    for seen in product(states, repeat=len(there)):
        told: Told = frozenset()
        # Each is planned by a view of its own, then each change of a status is told to all.
        for name, view in zip(there, seen, strict=True):
            told = _looked_at(name, there, view, told)
        for name in (*there, *there):
            told = _looked_at(name, there, told, told)
        assert len(told) == 1


def test_what_a_gateway_names_no_more_it_has_until_its_table_is_without_it() -> None:
    gave_up = _gateway("a/oldest", frozenset({"a/oldest"}), names=())
    next_one = _gateway("a/youngest", frozenset())
    assert hostname_owner(NAME, [gave_up, next_one]) == gave_up.name
    after = _gateway("a/oldest", frozenset(), names=())
    assert hostname_owner(NAME, [after, next_one]) == next_one.name
    assert hostname_owner(NAME, [after]) is None


def test_a_status_with_anything_in_it_is_read_as_far_as_it_goes() -> None:
    statuses: list[Any] = [None, [], {"hostnames": NAME}, {"hostnames": [7, None]}]
    gateway = _gateway("a/oldest", frozenset())
    for status in statuses:
        document = {**gateway.document, "status": status}
        assert hostname_owner(NAME, [replace(gateway, document=document)]) == gateway.name
    assert named_hostnames({"spec": {"listener": {"hostnames": ["LOCALHOST"]}}}) == frozenset()


def _case(**status: Any) -> dict[str, Any]:
    case = read_case("gateway-one-pod")
    case["resource"]["spec"]["listener"] = {"hostnames": ["new.example.com", NAME]}
    case["resource"]["status"] = status
    return case


def _planned(case: dict[str, Any], **more: Any) -> tuple[object, tuple[str, ...]]:
    """The host names in the status, and those in the table that is written."""
    snapshot = snapshot_of(case)
    assert isinstance(snapshot, GatewaySnapshot)
    plan = plan_gateway(replace(snapshot, **more), settings_of(case))
    table = table_of(plan)
    return plan.counts["hostnames"], () if table is None else table.hostnames


def test_the_status_lists_what_the_table_has_but_for_the_names_of_the_service() -> None:
    told, served = _planned(_case(), hostname_owners={NAME: ResourceName("b", "other")})
    assert told == ["new.example.com"]
    assert NAME not in served and "new.example.com" in served
    assert _planned(_case(hostnames=["old.example.com"]))[0] == ["new.example.com", NAME]


@pytest.mark.parametrize("why", ["refused", "too large", "place taken"])
def test_a_table_that_stays_keeps_its_names_in_the_status(
    why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, more = _case(hostnames=[NAME]), dict[str, Any]()
    if why == "refused":
        case["resource"]["spec"]["colour"] = "red"
    elif why == "too large":
        monkeypatch.setattr(table_document, "MAX_TABLE_BYTES", 100)
    else:
        place = ChildKey("ConfigMap", "agents", "agents-gateway")
        more["children"] = {place: ObservedChild(place, "somebody")}
    assert _planned(case, **more)[0] == [NAME]

"""How long a retired key is kept follows from every group that may still have sessions."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

from fakes.golden_cases import read_case, snapshot_of
from moorage_contract.route_table import Group, RouteTable, SessionRules
from moorage_operator.planning.snapshot import GatewaySnapshot
from moorage_operator.running.key_keeper import longest_session_seconds

DAY = 86_400


def snapshot(**group: Any) -> GatewaySnapshot:
    """A gateway of one group; ``group`` adds or replaces members of its spec."""
    case = deepcopy(read_case("gateway-one-pod"))
    case["groups"][0]["spec"] |= group
    found = snapshot_of(case)
    assert isinstance(found, GatewaySnapshot)
    return found


def published(max_seconds: int, unresolved: str = "") -> RouteTable:
    rules = SessionRules(max_seconds=max_seconds)
    entry = Group(name="tickets", source="Workload", sessions=rules, unresolved=unresolved)
    return RouteTable(gateway="agents/agents", groups=(entry,))


def test_an_accepted_group_says_it() -> None:
    assert longest_session_seconds(snapshot(sessions={"maxSeconds": 3 * DAY})) == 3 * DAY


def test_a_refused_group_counts_as_it_was_published() -> None:
    refused = snapshot(source={})

    assert longest_session_seconds(replace(refused, published=published(7 * DAY))) == 7 * DAY


def test_a_group_to_which_nothing_is_sent_holds_no_key() -> None:
    gone = replace(snapshot(source={}), published=published(7 * DAY, unresolved="is gone"))

    assert longest_session_seconds(gone) == DAY

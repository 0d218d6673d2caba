"""What a group of another namespace lacks is told to gateways that it allows, and to no other."""

from typing import Any

import pytest

from fakes.golden_cases import plan_case, read_case, table_of
from moorage_operator.planning.snapshot import Plan

SECRET = "secret-project"
FAILURE = f'spec.source.workload.name: no Deployment "{SECRET}" in the namespace elsewhere'
ALL = {"namespaces": {"from": "All"}}


def _case(**spec: Any) -> dict[str, Any]:
    case = read_case("gateway-one-pod")
    elsewhere = {"name": "tickets", "namespace": "elsewhere"}
    case["resource"]["spec"]["routes"][0]["upstream"] = elsewhere
    case["groups"][0]["metadata"] = elsewhere
    case["groups"][0]["spec"] |= spec
    return case


def _told(plan: Plan) -> str:
    table = table_of(plan)
    assert table is not None
    return "\n".join([*(each.message for each in plan.conditions), table.groups[0].unresolved])


@pytest.mark.parametrize("is_allowed", [True, False])
def test_only_an_allowed_gateway_hears_what_a_group_lacks(is_allowed: bool) -> None:
    case = _case(**({"allowedGateways": ALL} if is_allowed else {}))
    case["group_failures"] = {"elsewhere/tickets": FAILURE}

    assert (SECRET in _told(plan_case(case))) == is_allowed


REFUSED = {"workload": {"name": SECRET, "kind": SECRET, "port": 80}}


def test_what_is_wrong_in_a_refused_spec_is_told_in_its_own_namespace_only() -> None:
    case = _case(source=REFUSED)
    case["published"] = _case(allowedGateways=ALL)["groups"]
    told = "\n".join(each.message for each in plan_case(case).conditions)

    assert SECRET not in told
    assert "refused" in told and "status" in told


def test_a_gateway_that_is_not_allowed_learns_not_whether_a_group_exists() -> None:
    missing = _case()
    missing["groups"] = []

    told = _told(plan_case(missing))

    assert told == _told(plan_case(_case())) == _told(plan_case(_case(source=REFUSED)))
    assert "RefNotPermitted" in [each.reason for each in plan_case(missing).conditions]

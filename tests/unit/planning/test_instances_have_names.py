"""``Verified`` names instances as people know them: pods by name, servers elsewhere by URL."""

from typing import Any

import pytest

from fakes.golden_cases import plan_case, read_case
from moorage_operator.planning.route_table import url_endpoint

URL = "https://mcp.example.com/mcp"


def _verified(case: dict[str, Any], **verdict: Any) -> str:
    case["verdicts"] = [{"endpoint_uid": "uid-1", "verified": False, "why": "odd", **verdict}]
    return {each.type: each.message for each in plan_case(case).conditions}["Verified"]


@pytest.mark.parametrize(("name", "told"), [("tickets-7d-x", "tickets-7d-x: odd"), ("", "uid-1: ")])
def test_pods_are_named(name: str, told: str) -> None:
    assert told in _verified(read_case("group-workload"), endpoint_name=name)


def test_servers_elsewhere_are_named_by_their_url() -> None:
    case = read_case("group-workload")
    case["resource"]["spec"]["source"] = {"external": {"endpoints": [{"url": URL}]}}

    assert f"{URL}: odd" in _verified(case, endpoint_uid=url_endpoint(URL).uid)


def test_the_log_of_the_pod_that_failed_is_named() -> None:
    told = _verified(read_case("group-stdio"), endpoint_name="notes-upstream-1")

    assert "`kubectl -n agents logs notes-upstream-1 -c server`" in told

"""The operator may not read pods: ``Ready`` says how to see why none is ready, and of which."""

import re
from typing import Any

import pytest

from fakes.golden_cases import plan_case, read_case


def _ready(case: dict[str, Any]) -> str:
    return {each.type: each.message for each in plan_case(case).conditions}["Ready"]


def _group(name: str) -> dict[str, Any]:
    case = read_case(name)
    if "workload" in case:
        case["workload"]["ready_replicas"] = 0
    else:
        case["deployment"] = {"replicas": 1, "ready_replicas": 0}
    return case


@pytest.mark.parametrize(
    ("case", "selector"),
    [
        (
            read_case("gateway-one-pod"),
            "app.kubernetes.io/name=moorage-gateway,moorage.dev/gateway=agents",
        ),
        (
            _group("group-stdio"),
            "app.kubernetes.io/name=moorage-upstream,moorage.dev/upstream-group=notes",
        ),
        (_group("group-workload"), "app=tickets,tier=mcp"),
    ],
)
def test_the_command_selects_these_pods(case: dict[str, Any], selector: str) -> None:
    command = f"`kubectl -n agents describe replicasets,pods -l {selector}`"

    assert command in _ready(case)


@pytest.mark.parametrize("case", ["group-stdio", "gateway-one-pod"])
def test_the_selector_is_that_of_the_deployment(case: str) -> None:
    document = read_case(case)
    deployment: Any = next(
        each for each in plan_case(document).children if each["kind"] == "Deployment"
    )
    written = re.search(r"-l (\S+)`", _ready(document))
    assert written is not None

    selector = dict(each.split("=") for each in written[1].split(","))

    assert selector == deployment["spec"]["selector"]["matchLabels"]


@pytest.mark.parametrize(("replicas", "told"), [(1, "0 of 1 pod ready"), (2, "0 of 2 pods ready")])
def test_one_pod_is_no_plural(replicas: int, told: str) -> None:
    case = _group("group-stdio")
    case["deployment"] = {"replicas": replicas, "ready_replicas": 0}

    assert _ready(case).startswith(told)

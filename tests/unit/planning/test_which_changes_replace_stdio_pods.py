"""docs/resources.md lists what replaces a stdio group's pods, and with them all sessions."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fakes.golden_cases import plan_case, read_case

PAGE = (Path(__file__).parents[3] / "docs" / "resources.md").read_text()
SECTION = PAGE.split("pods are replaced when their spec changes\n")[1].split("\n## ")[0]
LISTED = {line.split("`")[1] for line in SECTION.splitlines() if line.startswith("- `")}

CHANGES: list[Mapping[str, Any]] = [
    {"spec.sessions.perPod": 7},
    {"spec.sessions.idleSeconds": 7},
    {"spec.sessions.maxSeconds": 90_000},
    {"spec.sessions.onPodLoss": "Fail"},
    {"spec.sessions.affinity": {"type": "Principal"}},
    {"spec.timeouts.answerSeconds": 7},
    {"spec.scaling.minReplicas": 3},
    {"spec.scaling.holdSeconds": 3},
    {"spec.replicas": 3},
    {"spec.allowedGateways.namespaces.from": "All"},
    {"spec.source.stdio.env": [{"name": "A", "value": "b"}]},
    {"spec.source.stdio.image": "notes:2"},
    {"spec.source.stdio.args": ["--more"]},
]


def pod_template(change: Mapping[str, Any]) -> Any:
    case = read_case("group-stdio")
    for field, value in change.items():
        *owners, name = field.split(".")
        place = case["resource"]
        for owner in owners:
            place = place.setdefault(owner, {})
        place[name] = value
    plan: Any = plan_case(case)
    (deployment,) = [each for each in plan.children if each["kind"] == "Deployment"]
    return deployment["spec"]["template"]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_what_is_listed_replaces_pods_and_nothing_else_does(change: Mapping[str, Any]) -> None:
    (field,) = change
    is_listed = any(field == listed or field.startswith(f"{listed}.") for listed in LISTED)

    assert (pod_template(change) != pod_template({})) is is_listed


def test_each_one_listed_is_tried() -> None:
    tried = [next(iter(change)) for change in CHANGES]

    assert len(LISTED) == 4
    assert all(any(each.startswith(listed) for each in tried) for listed in LISTED)

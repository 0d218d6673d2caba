"""How many pods a stdio group gets: written only when it is another number than now."""

from typing import Any

import pytest

from fakes.golden_cases import plan_case, read_case


@pytest.mark.parametrize(
    ("scaling", "replicas", "current", "scaled_to"),
    [
        (None, 1, 1, None),
        (None, 1, 0, 1),
        (None, 5, 3, None),
        (None, 1, 11, 10),
        ({"minReplicas": 0}, 1, 0, 1),
        ({"minReplicas": 3}, 1, 1, 3),
        ({"minReplicas": 3}, 1, 4, None),
        ({"maxReplicas": 2}, 1, 4, 2),
        ({"mode": "Observe", "minReplicas": 2}, 1, 1, 2),
        ({"mode": "External"}, 5, 1, 5),
        ({"mode": "External"}, 0, 1, 0),
        ({"mode": "External"}, 1, 1, None),
    ],
)
def test_replicas(
    scaling: dict[str, Any] | None, replicas: int, current: int, scaled_to: int | None
) -> None:
    case = read_case("group-stdio")
    case["resource"]["spec"].update(scaling=scaling, replicas=replicas)
    case["deployment"] = {"replicas": current}

    scale = plan_case(case).scale

    assert (None if scale is None else scale.replicas) == scaled_to


def test_a_deployment_of_somebody_else_is_not_scaled() -> None:
    case = read_case("group-stdio")
    case["resource"]["spec"]["scaling"] = {"minReplicas": 3}
    case["children"]["Deployment"] = None

    assert plan_case(case).scale is None


def test_workloads_of_users_are_not_scaled() -> None:
    case = read_case("group-workload")
    case["resource"]["spec"]["scaling"] = {"minReplicas": 9}

    assert plan_case(case).scale is None

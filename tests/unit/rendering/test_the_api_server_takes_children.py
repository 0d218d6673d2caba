"""Every golden child is taken by a real API server, in a namespace of restricted pod security."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from fakes import kubectl
from fakes.golden_cases import CASES, plain, plan_case, read_case

Document = dict[str, Any]

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
WITH_CHILDREN = [case for case in CASES if plan_case(read_case(case)).children]
PERMITTED_WARNINGS = ("group-stdio-every-field",)
"""Cases whose pods are weaker than restricted on purpose."""


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    enforced = {**RESTRICTED, "pod-security.kubernetes.io/warn": "restricted"}
    with kubectl.namespace("b-golden", **enforced) as name:
        yield name


@pytest.mark.cluster
@pytest.mark.parametrize("case", WITH_CHILDREN)
def test_children_are_taken(case: str, namespace: str) -> None:
    children = [_moved(child, namespace) for child in plan_case(read_case(case)).children]

    warnings = _apply_on_the_server(children)

    assert "PodSecurity" not in warnings or case in PERMITTED_WARNINGS, warnings
    assert "unknown field" not in warnings


@pytest.mark.cluster
def test_pods_weaker_than_restricted_are_told_as_such(namespace: str) -> None:
    children = plan_case(read_case("group-stdio-every-field")).children

    warnings = _apply_on_the_server([_moved(child, namespace) for child in children])

    assert "runAsNonRoot" in warnings


def _moved(child: object, namespace: str) -> Document:
    manifest = plain(child)
    manifest["metadata"]["namespace"] = namespace
    return manifest


def _apply_on_the_server(children: list[Document]) -> str:
    """A dry run that validates everything; returns the warnings."""
    document = plain({"apiVersion": "v1", "kind": "List", "items": children})
    command = ["kubectl", "apply", "--server-side", "--dry-run=server", "--validate=strict", "-f-"]
    ended = subprocess.run(
        command,
        input=json.dumps(document),
        capture_output=True,
        text=True,
        timeout=kubectl.ANSWER_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stderr

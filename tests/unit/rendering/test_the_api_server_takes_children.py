"""Every golden child is taken by a real API server, in a namespace of restricted pod security."""

import base64
import json
import random
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from fakes import kubectl
from fakes.golden_cases import CASES, plain, plan_case, read_case
from moorage_contract.route_table import RouteTable
from moorage_operator.planning.table_document import MAX_TABLE_BYTES
from moorage_operator.rendering.gateway_children import render_table
from moorage_operator.rendering.owner import Owner

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


@pytest.mark.cluster
def test_a_table_at_its_bound_is_stored(namespace: str) -> None:
    owner = Owner.gateway(namespace, "full", "11111111-0000-4000-8000-000000000001")
    document = random.Random(1).randbytes(MAX_TABLE_BYTES)
    config_map = plain(render_table(owner, RouteTable(gateway="full"), document))
    del config_map["metadata"]["ownerReferences"]  # the cluster would collect it at once

    kubectl.kubectl("apply", "--server-side", "-f-", document=config_map)

    stored = kubectl.read("configmap", "full-gateway", "--namespace", namespace)
    assert base64.b64decode(stored["binaryData"]["table"]) == document


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

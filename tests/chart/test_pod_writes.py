"""The admission policy on a real API server: the operator may write one annotation of pods."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from chart.rendering import CHART, helm
from fakes.kubectl import KubectlFailed, kubectl, namespace

pytestmark = [pytest.mark.cluster, pytest.mark.helm]
COST = "controller.kubernetes.io/pod-deletion-cost"
IN_FORCE_SECONDS = 20
POLICY = "templates/admissionpolicy.yaml"


@pytest.fixture(scope="module")
def place() -> Iterator[str]:
    """A namespace with a pod, a ServiceAccount that may write pods, and the policy in force."""
    with namespace("g-policy") as name:
        kubectl("apply", "-n", name, "-f", "-", document={"kind": "List", **_objects(name)})
        policy = helm("template", "m", str(CHART), "-n", name, "-s", POLICY).output
        documents = {"kind": "List", "apiVersion": "v1", "items": list(yaml.safe_load_all(policy))}
        kubectl("apply", "-f", "-", document=documents)
        try:
            _await_policy(name)
            yield name
        finally:
            kubectl("delete", "-f", "-", document=documents)


REFUSED = [
    {"metadata": {"annotations": {"other": "1"}}},
    {"metadata": {"annotations": {"kept": None}}},
    {"metadata": {"annotations": {"kept": "changed", COST: "2"}}},
    {"metadata": {"labels": {"app": "other"}}},
    {"metadata": {"finalizers": ["example.com/stay"]}},
    {"spec": {"containers": [{"name": "pause", "image": "localhost/other:1"}]}},
    {"spec": {"activeDeadlineSeconds": 1}},
]


@pytest.mark.parametrize("patch", REFUSED)
def test_the_operator_may_change_nothing_else(place: str, patch: dict[str, Any]) -> None:
    with pytest.raises(KubectlFailed, match="the Moorage operator may"):
        _patch(place, patch)


def test_the_operator_may_write_and_remove_the_deletion_cost(place: str) -> None:
    assert _patch(place, {"metadata": {"annotations": {COST: "-5"}}})[COST] == "-5"
    assert COST not in _patch(place, {"metadata": {"annotations": {COST: None}}})


def test_it_may_not_write_a_pods_status(place: str) -> None:
    with pytest.raises(KubectlFailed, match="the Moorage operator may"):
        _patch(place, {"status": {"reason": "no"}}, "--subresource=status")


def test_others_are_not_held_by_the_policy(place: str) -> None:
    patch = json.dumps({"metadata": {"annotations": {"other": "1"}}})
    kubectl("patch", "pod", "pod", "-n", place, "-p", patch)


def _patch(name: str, patch: dict[str, Any], *options: str) -> dict[str, str]:
    operator = f"--as=system:serviceaccount:{name}:moorage-operator"
    where = ["pod", "pod", "-n", name, operator, "-o", "json", *options]
    written = json.loads(kubectl("patch", *where, "-p", json.dumps(patch)))
    found: dict[str, str] = written["metadata"]["annotations"]
    return found


def _await_policy(name: str) -> None:
    deadline = time.monotonic() + IN_FORCE_SECONDS
    while time.monotonic() < deadline:
        try:
            _patch(name, {"metadata": {"annotations": {"probe": str(time.monotonic())}}})
        except KubectlFailed:
            return
        time.sleep(0.2)
    raise AssertionError(f"the policy is not in force after {IN_FORCE_SECONDS} s")


def _objects(name: str) -> dict[str, Any]:
    container = {"name": "pause", "image": "localhost/pause:1", "imagePullPolicy": "Never"}
    rules = [{"apiGroups": [""], "resources": ["pods", "pods/status"], "verbs": ["get", "patch"]}]
    group = "rbac.authorization.k8s.io"
    subject = {"kind": "ServiceAccount", "name": "moorage-operator", "namespace": name}
    role = {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": {"name": "pods"}}
    binding = {"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": {"name": "pods"}}
    reference = {"apiGroup": group, "kind": "Role", "name": "pods"}
    return {
        "apiVersion": "v1",
        "items": [
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": "pod",
                    "labels": {"app": "mine"},
                    "annotations": {"kept": "yes"},
                },
                "spec": {
                    "containers": [container],
                    # Nothing needs to run: what is written is all that matters.
                    "nodeSelector": {"example.com/nowhere": "true"},
                },
            },
            {**role, "rules": rules},
            {**binding, "roleRef": reference, "subjects": [subject]},
        ],
    }

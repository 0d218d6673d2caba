"""A release in a real cluster: it runs, an upgrade keeps what the operator wrote, nothing stays."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from chart.rendering import CHART, helm
from fakes.kubectl import kubectl, namespace, read

pytestmark = [pytest.mark.cluster, pytest.mark.helm, pytest.mark.timeout(240)]
OPERATOR_IMAGE = os.environ.get("MOORAGE_OPERATOR_IMAGE", "moorage/operator:dev")
GATEWAY_IMAGE = os.environ.get("MOORAGE_GATEWAY_IMAGE", "moorage/gateway:dev")
OURS_IN_A_NAMESPACE = (
    "all,configmap,secret,serviceaccount,lease,role,rolebinding,networkpolicy,poddisruptionbudget"
)


@dataclass(frozen=True)
class Release:
    """One release of the chart and the namespaces that it serves."""

    name: str
    place: str
    served: tuple[str, ...]

    def put(self, *options: str) -> None:
        """`helm upgrade --install`, until the operator is available."""
        values = {
            "watchNamespaces": list(self.served),
            "crds": {"install": False},
            "images": {"operator": _image(OPERATOR_IMAGE), "gateway": _image(GATEWAY_IMAGE)},
        }
        command = ["upgrade", "--install", self.name, str(CHART), "-n", self.place]
        run = helm(*command, "--wait", "--timeout", "50s", *options, values=values)
        assert run.code == 0, run.complaint + self.logs()

    def logs(self) -> str:
        return kubectl("logs", "-n", self.place, "deployment/moorage-operator", "--tail=20")

    def remove(self) -> None:
        waiting = ["--wait", "--cascade", "foreground", "--timeout", "50s"]
        run = helm("uninstall", self.name, "-n", self.place, *waiting)
        assert run.code == 0, run.complaint


@pytest.fixture(scope="module")
def release() -> Iterator[Release]:
    with namespace("g-release") as place, namespace("g-one") as one, namespace("g-two") as two:
        made = Release(f"try-{place[-8:]}", place, (one, two))
        made.put()
        yield made


def test_an_upgrade_keeps_the_lease_and_the_certificate(release: Release) -> None:
    before = _written_by_the_operator(release.place)
    release.put("--set", "operator.podAnnotations.note=second")
    after = _written_by_the_operator(release.place)
    assert before["certificate"] and after["certificate"] == before["certificate"]
    assert before["holder"] and after["holder"]
    assert after["transitions"] >= before["transitions"]


def test_the_operator_is_restricted_and_runs_twice(release: Release) -> None:
    label = "pod-security.kubernetes.io/enforce=restricted"
    warnings = kubectl("label", "namespace", release.place, label, "--overwrite")
    assert "Warning" not in warnings
    status = read("deployment", "moorage-operator", "-n", release.place)["status"]
    assert status["readyReplicas"] == 2


def test_uninstall_leaves_nothing(release: Release) -> None:
    release.remove()
    for name in (release.place, *release.served):
        labelled = f"app.kubernetes.io/instance={release.name}"
        assert read(OURS_IN_A_NAMESPACE, "-n", name, "-l", labelled)["items"] == []
    left = json.loads(kubectl("get", "clusterrole,clusterrolebinding", "-o", "json"))["items"]
    assert not [one for one in left if release.place in one["metadata"]["name"]]


def _written_by_the_operator(place: str) -> dict[str, Any]:
    lease = read("lease", "moorage-operator", "-n", place).get("spec", {})
    secret = read("secret", "moorage-operator-channel", "-n", place)
    return {
        "holder": lease.get("holderIdentity"),
        "transitions": lease.get("leaseTransitions", 0),
        "certificate": secret.get("data"),
    }


def _image(reference: str) -> dict[str, str]:
    repository, _, tag = reference.rpartition(":")
    return {"repository": repository, "tag": tag}

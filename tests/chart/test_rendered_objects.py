"""What holds for all that the chart renders, whatever the values."""

from pathlib import Path

import pytest
import yaml

from chart.rendering import CHART, NAMESPACE, ROOT, STORIES, containers, of_kind, render, story
from moorage_contract.version import VERSION
from moorage_operator.settings import read_settings

pytestmark = pytest.mark.helm
ALL = ["default", *sorted(STORIES)]
CLUSTER_SCOPE = {
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "Namespace",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
}


@pytest.mark.parametrize("name", ALL)
def test_every_container_is_restricted(name: str) -> None:
    found = list(containers(story(name)))
    for pod, container in found:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 65532
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]
    assert found


@pytest.mark.parametrize("name", ALL)
def test_every_port_is_named_and_referred_to_by_its_name(name: str) -> None:
    rendered = story(name)
    named = {port["name"] for _, one in containers(rendered) for port in one["ports"]}
    assert named == {"report", "metrics"}
    for service in of_kind(rendered, "Service"):
        assert {port["targetPort"] for port in service["spec"]["ports"]} == named
    for _, one in containers(rendered):
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert one[probe]["httpGet"]["port"] == "metrics"


@pytest.mark.parametrize("name", ALL)
def test_every_object_is_labelled_as_the_releases(name: str) -> None:
    for one in story(name):
        labels = one["metadata"]["labels"]
        assert labels["app.kubernetes.io/managed-by"] == "Helm"
        assert labels["app.kubernetes.io/instance"] == "moorage"
        assert (one["kind"] in CLUSTER_SCOPE) == ("namespace" not in one["metadata"])


def test_namespaced_mode_has_nothing_of_cluster_scope() -> None:
    rendered = render(values={"watchNamespaces": ["a", "b"]})
    assert not {one["kind"] for one in rendered} & CLUSTER_SCOPE
    assert {one["metadata"]["namespace"] for one in rendered} == {NAMESPACE, "a", "b"}


@pytest.mark.parametrize("name", ALL)
def test_the_operator_reads_its_settings(name: str, tmp_path: Path) -> None:
    (settings,) = [
        one for one in of_kind(story(name), "ConfigMap") if "settings.json" in one["data"]
    ]
    file = tmp_path / "settings.json"
    file.write_text(settings["data"]["settings.json"])
    read = read_settings(file, {"POD_NAMESPACE": NAMESPACE})
    namespaced = name == "namespaced"
    assert read.file.watch_namespaces == (("team-a", "team-b") if namespaced else ())
    assert "moorage/gateway" in read.file.gateway_image


def test_changed_settings_start_new_pods() -> None:
    def annotations(*options: str) -> object:
        (deployment,) = of_kind(render(*options), "Deployment")
        return deployment["spec"]["template"]["metadata"]["annotations"]

    assert annotations() == annotations()
    assert annotations() != annotations("--set", "keys.rotationDays=7")


def test_a_digest_wins_over_a_tag() -> None:
    digest = f"sha256:{'0' * 64}"
    image = {"repository": "r.example/o", "tag": "1", "digest": digest}
    ((_, container),) = containers(render(values={"images": {"operator": image}}))
    assert container["image"] == f"r.example/o@{digest}"


def test_one_operator_alone_has_no_disruption_budget() -> None:
    assert of_kind(render(), "PodDisruptionBudget")
    assert not of_kind(render("--set", "operator.replicas=1"), "PodDisruptionBudget")


def test_what_the_operator_fills_is_rendered_without_content() -> None:
    (lease,) = of_kind(render(), "Lease")
    (secret,) = of_kind(render(), "Secret")
    assert "spec" not in lease
    assert not {"data", "stringData"} & secret.keys()


def test_the_crds_are_the_projects_own_and_are_kept() -> None:
    rendered = of_kind(render("--set", "crds.install=true"), "CustomResourceDefinition")
    for one in rendered:
        assert one["metadata"].pop("annotations") == {"helm.sh/resource-policy": "keep"}
    own = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "crds").glob("*.yaml"))]
    assert sorted(rendered, key=lambda one: str(one["metadata"]["name"])) == own


def test_the_monitors_ask_ports_that_there_are() -> None:
    rendered = story("production")
    (service,) = of_kind(rendered, "ServiceMonitor")
    (pods,) = of_kind(rendered, "PodMonitor")
    assert [one["port"] for one in service["spec"]["endpoints"]] == ["metrics"]
    assert [one["port"] for one in pods["spec"]["podMetricsEndpoints"]] == ["admin"]


def test_versions_of_chart_and_images_are_the_projects() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == VERSION
    assert f":{VERSION}" in chart["annotations"]["artifacthub.io/images"]

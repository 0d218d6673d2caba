"""Helm refuses a cluster that is too old for what the chart installs, and says which it needs."""

import pytest

from chart.rendering import CHART, helm

pytestmark = pytest.mark.helm
OLDEST = "1.31.0"
"""New CRDs may use isIP from here on; tests/crds holds their rules to it."""


@pytest.mark.parametrize("version", [OLDEST, "1.31.5-gke.100", "1.35.4"])
def test_clusters_that_take_the_crds_are_taken(version: str) -> None:
    assert helm("template", "m", str(CHART), "--kube-version", version).code == 0


def test_an_older_cluster_is_refused() -> None:
    run = helm("template", "m", str(CHART), "--kube-version", "1.30.14")
    assert run.code != 0
    assert f"chart requires kubeVersion: >={OLDEST}-0" in run.complaint

"""`make kind-up` asks for one cluster, its images, and a chart that uses them.

Neither kind nor docker runs here: programs of their names write down how they were called.
"""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from chart.rendering import ROOT, helm, of_kind

EXAMPLE_IMAGES = {"moorage/example-servers:dev"}


@pytest.fixture
def calls(tmp_path: Path) -> list[list[str]]:
    """How each program was called, in order."""
    log = tmp_path / "calls"
    for name in ("kind", "docker", "helm"):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >>{log}\n')
        program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    # The launcher needs Go, and has tests of its own.
    command = ["make", "kind-up", "LAUNCHERS="]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    return [line.split() for line in log.read_text().splitlines()]


def test_one_cluster_is_made_first(calls: list[list[str]]) -> None:
    created = calls.index(["kind", "create", "cluster", "--config", "kind-config.yaml"])
    assert created < _place(calls, "docker", "build") < _place(calls, "kind", "load")
    assert yaml.safe_load((ROOT / "kind-config.yaml").read_text())["name"] == "moorage"


def test_all_that_the_examples_and_the_chart_name_is_built_and_loaded(
    calls: list[list[str]],
) -> None:
    built = {call[call.index("--tag") + 1] for call in calls if call[:2] == ["docker", "build"]}
    (loaded,) = [set(call[5:]) for call in calls if call[:2] == ["kind", "load"]]
    assert built == loaded == {"moorage/operator:dev", "moorage/gateway:dev"} | EXAMPLE_IMAGES


@pytest.mark.helm
def test_the_chart_is_installed_with_the_loaded_images(calls: list[list[str]]) -> None:
    install = calls[-1]
    assert install[:5] == ["helm", "upgrade", "--install", "moorage", "charts/moorage"]
    options = install[install.index("--set") :]
    run = helm("template", "m", str(ROOT / "charts/moorage"), *options)
    manifests = [one for one in yaml.safe_load_all(run.output) if one]
    (deployment,) = of_kind(manifests, "Deployment")
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == (
        "moorage/operator:dev"
    )
    assert '"gatewayImage": "moorage/gateway:dev"' in run.output


def _place(calls: list[list[str]], *start: str) -> int:
    return next(index for index, call in enumerate(calls) if call[: len(start)] == list(start))

"""The chart as helm renders it."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "moorage"
STORIES = {path.name.removesuffix("-values.yaml"): path for path in CHART.glob("ci/*-values.yaml")}
RELEASE = "moorage"
NAMESPACE = "moorage-system"

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Helm:
    """What one run of helm gave."""

    code: int
    output: str
    complaint: str


def helm(*arguments: str, values: object = None) -> Helm:
    """Run helm, ``values`` as a values file on its stdin."""
    given = ["--values", "-"] if values is not None else []
    ended = subprocess.run(
        ["helm", *arguments, *given],
        input=yaml.safe_dump(values),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Helm(ended.returncode, ended.stdout, ended.stderr)


def render(*options: str, values: object = None) -> list[Manifest]:
    """The manifests of `helm template`, without the CRDs unless asked for; fails as helm fails."""
    place = [RELEASE, str(CHART), "--namespace", NAMESPACE]
    run = helm("template", *place, "--set", "crds.install=false", *options, values=values)
    assert run.code == 0, run.complaint
    return [one for one in yaml.safe_load_all(run.output) if one]


def story(name: str) -> list[Manifest]:
    """The manifests of one story of the chart's ci folder; ``default`` has no values of its own."""
    return render() if name == "default" else render("--values", str(STORIES[name]))


def of_kind(manifests: list[Manifest], kind: str) -> list[Manifest]:
    return [one for one in manifests if one["kind"] == kind]


def containers(manifests: list[Manifest]) -> Iterator[tuple[Manifest, Manifest]]:
    """Each container with its pod's spec."""
    for one in of_kind(manifests, "Deployment"):
        pod = one["spec"]["template"]["spec"]
        for container in pod.get("initContainers", []) + pod["containers"]:
            yield pod, container


def commented_values() -> Iterator[tuple[str, bool]]:
    """Each leaf of values.yaml by its dotted path, and whether a `# --` line stands before it."""
    path: list[tuple[int, str]] = []
    commented = False
    for line in (CHART / "values.yaml").read_text().splitlines():
        if line.lstrip().startswith("#"):
            commented = commented or line.lstrip().startswith("# --")
        elif found := re.match(r"( *)(\w+):(.*)", line):
            indent = len(found[1])
            path = [(depth, name) for depth, name in path if depth < indent] + [(indent, found[2])]
            yield ".".join(name for _, name in path), commented
            commented = False

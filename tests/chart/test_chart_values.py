"""Every value is told, bounded and checked: an unknown one is refused with its place."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from chart.rendering import CHART, RELEASE, STORIES, commented_values, helm

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
# Passed on whole: the API server checks them.
KUBERNETES_OWN = {"nodeAffinity", "podAffinity", "podAntiAffinity"}

# What Helm 4 and Helm 3.17 say of a value, as regular expressions.
UNKNOWN = "'?{}'? (is )?not allowed"
TOO_SMALL = "minimum|[Mm]ust be greater than or equal to 1"
TWICE = "are equal|must be unique"
REFUSED = [
    ({"tpyo": 1}, "", UNKNOWN.format("tpyo")),
    ({"images": {"operator": {"tagg": "x"}}}, "images.operator", UNKNOWN.format("tagg")),
    ({"images": {"gateway": {"digest": "sha256:1"}}}, "images.gateway.digest", "pattern"),
    ({"images": {"gateway": {"repository": "a b"}}}, "images.gateway.repository", "pattern"),
    ({"images": {"pullPolicy": "Sometimes"}}, "images.pullPolicy", "one of"),
    ({"operator": {"replicas": 0}}, "operator.replicas", TOO_SMALL),
    ({"operator": {"resources": {"limit": {}}}}, "operator.resources", UNKNOWN.format("limit")),
    ({"operator": {"logLevel": "loud"}}, "operator.logLevel", "one of"),
    (
        {"gateways": {"resources": {"limits": {"memory": "much"}}}},
        "gateways.resources.limits.memory",
        "pattern",
    ),
    ({"watchNamespaces": ["Team"]}, "watchNamespaces.0", "pattern"),
    ({"watchNamespaces": ["a", "a"]}, "watchNamespaces", TWICE),
    ({"keys": {"rotationDays": 0}}, "keys.rotationDays", TOO_SMALL),
    ({"monitoring": {"peers": [{"from": {}}]}}, "monitoring.peers.0", UNKNOWN.format("from")),
    (
        {"monitoring": {"podMonitor": {"interval": "1"}}},
        "monitoring.podMonitor.interval",
        "pattern",
    ),
    ({"crds": {"install": "yes"}}, "crds.install", "boolean"),
]


def objects(schema: Any, name: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object type of the schema, with the name of the member that has it."""
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "object":
        yield name, schema
    for key, inner in schema.items():
        for member, one in inner.items() if isinstance(inner, dict) else ():
            yield from objects(one, member if key in ("properties", "definitions") else name)
        yield from objects(inner, name) if key in ("items", "additionalProperties") else ()


@pytest.mark.helm
@pytest.mark.parametrize(("values", "place", "what"), REFUSED)
def test_a_bad_value_is_refused_with_its_place(values: object, place: str, what: str) -> None:
    run = helm("template", RELEASE, str(CHART), values=values)
    assert run.code != 0
    told = dict(_complaints(run.complaint))
    assert place in told and re.search(what, told[place]), run.complaint


@pytest.mark.helm
@pytest.mark.parametrize("values", [None, *STORIES.values()])
def test_the_chart_passes_strict_lint(values: Any) -> None:
    run = helm("lint", "--strict", str(CHART), *(["--values", str(values)] if values else []))
    assert run.code == 0, run.output


def test_no_object_of_the_schema_takes_unknown_members() -> None:
    loose = {
        name
        for name, one in objects(SCHEMA)
        if one.get("additionalProperties", True) is True and name not in KUBERNETES_OWN
    }
    assert not loose


def test_schema_and_values_name_the_same_members() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = {name: one for name, one in SCHEMA["properties"].items() if name != "global"}
    assert _same_members(values, {"properties": schema}) == []


def test_every_value_has_a_comment() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    bare = [path for path, told in commented_values() if not told and _is_leaf(values, path)]
    assert not bare


def _complaints(text: str) -> Iterator[tuple[str, str]]:
    """Place, with dots, and complaint: of `- at '/a/b': …` (Helm 4) and `- a.b: …` (3.17)."""
    for line in text.splitlines():
        if found := re.match(r"\s*- (?:at '/?([^']*)'|(\S+)): (.*)", line):
            place = found[1].replace("/", ".") if found[1] is not None else found[2]
            yield place.removeprefix("(root)"), found[3]


def _same_members(values: dict[str, Any], schema: dict[str, Any], path: str = "") -> list[str]:
    if "$ref" in schema:
        schema = SCHEMA["definitions"][schema["$ref"].removeprefix("#/definitions/")]
    members = schema.get("properties", {})
    if not members or not values:
        return []
    wrong = [f"{path}.{name}" for name in values.keys() ^ members.keys()]
    for name in values.keys() & members.keys():
        if isinstance(values[name], dict):
            wrong += _same_members(values[name], members[name], f"{path}.{name}")
    return wrong


def _is_leaf(values: Any, path: str) -> bool:
    """Whether no comment of a parent speaks for it: its own members have none."""
    names = path.split(".")
    if "resources" in names[:-1]:
        return False
    for name in names:
        values = values[name]
    return not isinstance(values, dict) or not values

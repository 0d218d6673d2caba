"""Every value is told, bounded and checked: an unknown one is refused with its place."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from chart.rendering import CHART, RELEASE, STORIES, commented_values, helm

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
# Passed on whole: the API server checks them.
KUBERNETES_OWN = {"nodeAffinity", "podAffinity", "podAntiAffinity"}

REFUSED = [
    ({"tpyo": 1}, "at ''", "'tpyo' not allowed"),
    ({"images": {"operator": {"tagg": "x"}}}, "/images/operator", "'tagg' not allowed"),
    ({"images": {"gateway": {"digest": "sha256:1"}}}, "/images/gateway/digest", "pattern"),
    ({"images": {"gateway": {"repository": "a b"}}}, "/images/gateway/repository", "pattern"),
    ({"images": {"pullPolicy": "Sometimes"}}, "/images/pullPolicy", "one of"),
    ({"operator": {"replicas": 0}}, "/operator/replicas", "minimum"),
    ({"operator": {"resources": {"limit": {}}}}, "/operator/resources", "'limit' not allowed"),
    ({"operator": {"logLevel": "loud"}}, "/operator/logLevel", "one of"),
    ({"gateways": {"resources": {"limits": {"memory": "much"}}}}, "/limits/memory", "pattern"),
    ({"watchNamespaces": ["Team"]}, "/watchNamespaces/0", "pattern"),
    ({"watchNamespaces": ["a", "a"]}, "/watchNamespaces", "equal"),
    ({"keys": {"rotationDays": 0}}, "/keys/rotationDays", "minimum"),
    ({"monitoring": {"peers": [{"from": {}}]}}, "/monitoring/peers/0", "'from' not allowed"),
    ({"monitoring": {"podMonitor": {"interval": "1"}}}, "/podMonitor/interval", "pattern"),
    ({"crds": {"install": "yes"}}, "/crds/install", "boolean"),
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
    assert place in run.complaint and what in run.complaint


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

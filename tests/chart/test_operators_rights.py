"""The chart gives the operator what docs/rights.md lists, no more and no less."""

import re
from typing import Any, NamedTuple

import pytest

from chart.rendering import NAMESPACE, ROOT, Manifest, of_kind, render

pytestmark = pytest.mark.helm
RIGHTS = (ROOT / "docs" / "rights.md").read_text()
WATCHED = "team-a"


class Right(NamedTuple):
    """One verb on one resource, on all objects or on one by name."""

    group: str
    resource: str
    verb: str
    name: str = "*"


def documented(section: str) -> list[dict[str, str]]:
    """The table of one section, by the names of its columns."""
    (text,) = re.findall(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", RIGHTS, re.M | re.S)
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return [dict(zip(rows[0], row, strict=True)) for row in rows[2:]]


def rights_of_row(row: dict[str, str]) -> set[Right]:
    group = "" if row["apiGroup"] == "core" else row["apiGroup"].strip("`")
    resources, _, by_name = row["resources"].partition(", by `resourceNames: [")
    name = by_name.removesuffix("]`") or "*"
    name = WATCHED if name.startswith("the namespace]") else name
    return {
        Right(group, resource, verb.strip(), name)
        for resource in re.findall(r"`([^`]+)`", resources)
        for verb in row["verbs"].split(",")
    }


def given(role: Manifest) -> set[Right]:
    return {
        Right(group, resource, verb, name)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for name in rule.get("resourceNames", ["*"])
    }


def served(mode: str) -> set[Right]:
    """What docs/rights.md lists for where the operator serves."""
    rows = documented("In watched namespaces")
    rows += [row for row in documented("Namespaces") if row["mode"] == mode]
    return set().union(*map(rights_of_row, rows))


def role(manifests: list[Manifest], kind: str, namespace: str | None) -> Manifest:
    (one,) = [
        found
        for found in of_kind(manifests, kind)
        if found["metadata"].get("namespace") == namespace
    ]
    return one


def test_in_cluster_mode_the_cluster_role_is_as_documented() -> None:
    assert given(role(render(), "ClusterRole", None)) == served("cluster")


def test_in_namespaced_mode_each_namespaces_role_is_as_documented() -> None:
    rendered = render(values={"watchNamespaces": [WATCHED, "team-b"]})
    assert given(role(rendered, "Role", WATCHED)) == served("namespaced")
    assert len(given(role(rendered, "Role", "team-b"))) == len(served("namespaced"))


@pytest.mark.parametrize("values", [{}, {"watchNamespaces": [WATCHED]}])
def test_in_its_own_namespace_the_role_is_as_documented(values: dict[str, Any]) -> None:
    rows = documented("In the operator's own namespace (a Role, both modes)")
    own = set().union(*map(rights_of_row, rows))
    assert given(role(render(values=values), "Role", NAMESPACE)) == own


def test_what_is_said_not_to_be_used_is_granted() -> None:
    texts = re.findall(r"^- `(\S+) ([^`]+)`: .", RIGHTS[RIGHTS.index("## Not used") :], re.M)
    rendered = render()
    roles = of_kind(rendered, "Role") + of_kind(rendered, "ClusterRole")
    granted = {
        (right.verb, f"{right.resource}.{right.group}" if right.group else right.resource)
        for right in set().union(*map(given, roles))
    }
    assert len(texts) > 10
    assert set(texts) <= granted


@pytest.mark.parametrize("values", [{}, {"watchNamespaces": [WATCHED]}])
def test_nothing_is_a_wildcard_or_a_way_to_more_rights(values: dict[str, Any]) -> None:
    rendered = render(values=values)
    for one in of_kind(rendered, "Role") + of_kind(rendered, "ClusterRole"):
        for right in given(one):
            assert "*" not in (right.group, right.resource, right.verb)
            assert right.verb not in ("escalate", "bind", "impersonate")


@pytest.mark.parametrize("values", [{}, {"watchNamespaces": [WATCHED]}])
def test_every_role_is_bound_to_the_operator_alone(values: dict[str, Any]) -> None:
    rendered = render(values=values)
    operator = {"kind": "ServiceAccount", "name": "moorage-operator", "namespace": NAMESPACE}
    for kind in ("Role", "ClusterRole"):
        roles = of_kind(rendered, kind)
        bindings = of_kind(rendered, f"{kind}Binding")
        named = {(one["metadata"].get("namespace"), one["metadata"]["name"]) for one in roles}
        assert named == {
            (one["metadata"].get("namespace"), one["roleRef"]["name"]) for one in bindings
        }
        assert all(one["subjects"] == [operator] for one in bindings)

"""Routes name groups that exist and that let the gateway in."""

from typing import Any

import pytest

from fakes.cr_documents import gateway_document, group_document, route
from moorage_operator.api.findings import SpecFinding
from moorage_operator.api.gateway import McpGateway
from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.references import KnownGroups, check_references, unreferenced_groups
from moorage_operator.api.resources import read_resource
from moorage_operator.api.upstream_group import McpUpstreamGroup


def gateway_to(*names: str, namespace: str | None = None) -> McpGateway:
    routes = [route(f"/{index}", name) for index, name in enumerate(names)]
    if namespace:
        for item in routes:
            item["upstream"]["namespace"] = namespace
    gateway = read_resource(gateway_document(routes=routes))
    assert isinstance(gateway, McpGateway)
    return gateway


def known(*names: str, namespace: str = "desk", **spec: Any) -> dict[ResourceName, Any]:
    groups = {}
    for name in names:
        document = group_document(name, **spec)
        document["metadata"]["namespace"] = namespace
        group = read_resource(document)
        assert isinstance(group, McpUpstreamGroup)
        groups[group.name] = group
    return groups


def found(gateway: McpGateway, groups: KnownGroups, **labels: str) -> tuple[SpecFinding, ...]:
    return check_references(gateway, groups, in_files=True, namespace_labels=labels or None)


def found_in_cluster(gateway: McpGateway, groups: KnownGroups) -> list[str]:
    return [str(finding) for finding in check_references(gateway, groups, in_files=False)]


def test_references_that_resolve() -> None:
    assert found(gateway_to("tickets", "notes", "notes"), known("tickets", "notes")) == ()


def test_a_misspelt_reference_names_the_nearest_group() -> None:
    (finding,) = found(gateway_to("tickets", "note"), known("tickets", "notes"))
    assert str(finding) == (
        'spec.routes[1].upstream.name: no McpUpstreamGroup "note" in these files; '
        'did you mean "notes"?'
    )
    assert finding.reason == "UpstreamNotFound"


def test_a_reference_to_nothing_near() -> None:
    (finding,) = found(gateway_to("weather"), known("notes"))
    assert finding.remedy == "add the group or correct the name"


def test_a_group_of_another_namespace_is_not_found_by_its_name_alone() -> None:
    (finding,) = found(gateway_to("notes"), known("notes", namespace="office"))
    assert finding.remedy == 'it is in the namespace "office": add it to the reference'


def test_a_group_with_mistakes_of_its_own_is_there_all_the_same() -> None:
    assert found(gateway_to("notes"), {ResourceName("desk", "notes"): None}) == ()


def selected(**labels: str) -> dict[str, Any]:
    return {"namespaces": {"from": "Selector", "selector": {"matchLabels": labels}}}


@pytest.mark.parametrize(
    ("allowed", "labels", "permitted"),
    [
        (None, {}, False),
        ({"namespaces": {"from": "Same"}}, {}, False),
        ({"namespaces": {"from": "All"}}, {}, True),
        (selected(team="a"), {"team": "a"}, True),
        (selected(team="a"), {"team": "b"}, False),
        (selected(team="a"), {}, False),
        (selected(**{"kubernetes.io/metadata.name": "desk"}), {}, True),
        (selected(**{"kubernetes.io/metadata.name": "office"}), {}, False),
    ],
)
def test_groups_of_other_namespaces_decide_who_serves_them(
    allowed: dict[str, Any] | None, labels: dict[str, str], permitted: bool
) -> None:
    groups = known("notes", namespace="office", allowedGateways=allowed)
    findings = found(gateway_to("notes", namespace="office"), groups, **labels)
    assert (findings == ()) is permitted
    assert {finding.reason for finding in findings} <= {"RefNotPermitted"}


def test_in_a_cluster_nobody_learns_which_groups_others_have() -> None:
    gateway = gateway_to("notes", namespace="office")
    missing = found_in_cluster(gateway, {})

    assert found_in_cluster(gateway, known("notes", namespace="office")) == missing
    assert found_in_cluster(gateway, known("note", namespace="office")) == missing
    (told,) = missing
    assert "create the group" in told and "spec.allowedGateways" in told


def test_in_a_cluster_the_namespace_is_named_in_which_a_group_was_looked_for() -> None:
    groups = known("notes", namespace="office")
    assert found_in_cluster(gateway_to("notes"), groups) == [
        'spec.routes[0].upstream.name: no McpUpstreamGroup "notes" in the namespace "desk"; '
        "add the group or correct the name"
    ]


def test_in_a_cluster_groups_that_allow_it_are_suggested() -> None:
    groups = known("notes", namespace="office", allowedGateways={"namespaces": {"from": "All"}})
    (told,) = found_in_cluster(gateway_to("notes"), groups)
    assert 'it is in the namespace "office"' in told


def test_own_groups_need_no_permission() -> None:
    groups = known("notes", allowedGateways=selected(team="a"))
    assert found(gateway_to("notes"), groups) == ()


def test_groups_that_no_route_names() -> None:
    groups = {**known("tickets", "notes"), **known("tickets", namespace="office")}
    assert unreferenced_groups([gateway_to("tickets")], groups) == [
        ResourceName("desk", "notes"),
        ResourceName("office", "tickets"),
    ]

"""A file means the same at a desk and in the cluster: what is taken, and what it becomes."""

from typing import Any

import pytest

from fakes.api_server import ApiServer
from fakes.cr_documents import Document, findings_in
from fakes.reference_page import EXAMPLES, Row, Shown, rows
from moorage_operator.api.resources import read_resource

pytestmark = pytest.mark.cluster

ODD_VALUES: tuple[Any, ...] = (
    "",
    "a",
    "A",
    "-a",
    "a.b",
    "a b",
    "a\0",
    "ä",
    "/",
    "/a",
    "/a/",
    "/a/../b",
    "a/b",
    "10.0.0.7",
    "::1",
    "https://a.example/b",
    "5",
    "1.5Gi",
    "None",
    0,
    1,
    -1,
    2**31,
    10**18,
    1.5,
    True,
    [],
    ["a"],
    ["a", "a"],
    [{}],
    {},
    {"a": "b"},
    {"a": 5},
)
NOT_ENFORCED = ("authentication", "limits", "failover")

each_row = pytest.mark.parametrize("row", list(rows()), ids=lambda row: f"{row.kind}:{row.field}")


def enforced(document: Document) -> Document:
    """The same without what this version refuses, so that the rest is judged."""
    spec = {name: member for name, member in document["spec"].items() if name not in NOT_ENFORCED}
    return {**document, "spec": spec}


@each_row
def test_both_take_or_refuse_each_value_of_each_field(row: Row, api_server: ApiServer) -> None:
    disagreed = []
    for value in ODD_VALUES:
        field = Shown(row)
        field.reason(value)
        if not row.field.startswith(tuple(f"spec.{name}" for name in NOT_ENFORCED)):
            field.document = enforced(field.document)
        at_desk = findings_in(field.document)
        in_cluster = api_server.refusals(field.document)
        if bool(at_desk) != bool(in_cluster):
            disagreed.append((value, [str(finding) for finding in at_desk], in_cluster))
    assert disagreed == []


@each_row
def test_both_take_or_refuse_a_resource_without_the_field(row: Row, api_server: ApiServer) -> None:
    field = Shown(row)
    field.reason_when_missing()
    field.document = enforced(field.document)
    if row.field == "spec.source.stdio.image":
        assert api_server.refusals(field.document) and not findings_in(field.document)
    else:
        assert bool(api_server.refusals(field.document)) == bool(findings_in(field.document))


@each_row
def test_defaults_become_the_same(row: Row, api_server: ApiServer) -> None:
    field = Shown(row)
    field.reason_when_missing()
    document = enforced(field.document)
    if not findings_in(document) and row.field != "spec.source.stdio.image":
        in_cluster, at_desk = read_resource(api_server.kept(document)), read_resource(document)
        assert in_cluster.spec == at_desk.spec


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["metadata"]["name"])
def test_examples_are_taken_but_for_what_is_not_enforced(
    example: Document, api_server: ApiServer
) -> None:
    document = enforced(example)
    in_cluster, at_desk = read_resource(api_server.kept(document)), read_resource(document)
    assert in_cluster.spec == at_desk.spec

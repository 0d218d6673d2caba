"""A file means the same at a desk and in the cluster: what is taken, and what it becomes."""

from random import Random
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
    "a.b",
    "a\0",
    "ä",
    "/",
    "/a",
    "/a/../b",
    "a/b",
    "10.0.0.7",
    "::1",
    "https://a.example/b",
    0,
    1,
    2**31,
    10**18,
    True,
    [],
    ["a"],
    [{}],
    {},
    {"a": "b"},
)
NOT_ENFORCED = ("authentication", "limits", "failover")

each_row = pytest.mark.parametrize("row", list(rows()), ids=lambda row: f"{row.kind}:{row.field}")


def _last_name(row: Row) -> str:
    return row.field.rpartition(".")[2].removesuffix("[]")


def _is_unenforced(row: Row) -> bool:
    return row.field.startswith(tuple(f"spec.{name}" for name in NOT_ENFORCED))


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
        if not _is_unenforced(row):
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
def test_null_is_nothing_to_both(row: Row, api_server: ApiServer) -> None:
    field = Shown(row)
    field.reason(None)
    document = enforced(field.document)
    at_desk = bool(findings_in(document))
    if row.field != "spec.source.stdio.image":
        assert bool(api_server.refusals(document)) == at_desk
        if not at_desk:
            kept = api_server.kept(document)
            assert read_resource(kept).spec == read_resource(document).spec


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


LIKELY_TEXTS = {
    "url": (
        "http://a.example:80/b?c=d",
        "https://[::1]:8443/mcp",
        "HTTP://A.b./x",
        "https://a/@b%20c",
    ),
    "hostnames": ("mcp.example.com", "2001:db8::7", "10.0.0.7", "::1", "::ffff:1.2.3.4", "1.2.3"),
    "hostname": ("mcp.example.com", "a", "10.0.0.7", "1.2.3.4.5"),
    "path": ("/a/b", "/", "/.a/..b", "/metrics2", "/healthz", "/.well-known"),
    "mountPath": ("/data", "/run/moorage2", "/run", "/run/moorage/a", "/a/.b"),
    "subPath": ("a/b", "..a", "a b/c"),
    "requests": ("1Gi", "100m", "1.5", "1e3", "0"),
    "image": ("registry.example:5000/a/b@sha256:012", "a"),
    "header": ("X-Session-ID", "Cookie", "a|b~"),
    "key": ("a-b.c_d", "example.com/spot", "a/b"),
    "name": ("A_B.c", "abc", "a.b-c", "moorage-a"),
    "prefix": ("A_", "a.b-"),
    "nodeSelector": ("fast", "A_1"),
    "workingDir": ("/srv", "/a\nb"),
    "value": ("x", "a\nb"),
    "command": ("a", "a\nb"),
}
"""By a field's last name: texts near the edge of what it takes."""
EDITS_PER_FIELD = 25
SPOILERS = "aA0.-_/:@%?#[]~ *\n{}|'\"$&!=,;+ä\0"

each_edited_row = pytest.mark.parametrize(
    "row",
    [row for row in rows() if _last_name(row) in LIKELY_TEXTS and not _is_unenforced(row)],
    ids=lambda row: f"{row.kind}:{row.field}",
)


@each_edited_row
def test_both_take_or_refuse_texts_with_slips(row: Row, api_server: ApiServer) -> None:
    slips = Random(row.field)
    disagreed = []
    for _ in range(EDITS_PER_FIELD):
        text = with_slips(slips.choice(LIKELY_TEXTS[_last_name(row)]), slips)
        field = Shown(row)
        field.reason(_shaped(row, text))
        document = enforced(field.document)
        if bool(findings_in(document)) != bool(api_server.refusals(document)):
            disagreed.append(text)
    assert disagreed == []


def with_slips(text: str, slips: Random) -> str:
    """The text with at most two characters added or dropped."""
    letters = list(text)
    for _ in range(slips.randint(0, 2)):
        at = slips.randint(0, len(letters))
        if slips.random() < 0.7 or at == len(letters):
            letters.insert(at, slips.choice(SPOILERS))
        else:
            letters.pop(at)
    return "".join(letters)


def _shaped(row: Row, text: str) -> Any:
    if row.type == "list of text":
        return [text]
    return {"cpu": text} if row.type.startswith("mapping of") else text

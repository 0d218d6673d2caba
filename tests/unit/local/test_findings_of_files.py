"""Mistakes in files are told with file, line, field and remedy, those between files too."""

from pathlib import Path

from fakes.cr_documents import gateway_document, group_document, route
from fakes.cr_files import resources_in, told_of, write
from moorage_local.findings import FileFinding, told

BROKEN = """\
apiVersion: moorage.dev/v1alpha1
kind: McpUpstreamGroup
metadata: {name: notes}
spec: {source: {stdio: {command: [notes]}}}
---
apiVersion: moorage.dev/v1alpha1
kind: McpGateway
metadata: {name: agents}
spec:
  routes:
  - path: /notes/mcp
    upstream: {name: notes}
  - path: /note/mcp
    upstream: {name: note}
"""


def test_a_reference_to_no_group(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text(BROKEN)
    assert told_of(tmp_path / "broken.yaml") == [
        'broken.yaml:14: spec.routes[1].upstream.name: no McpUpstreamGroup "note" '
        'in these files; did you mean "notes"?'
    ]


def test_good_files_have_no_findings(tmp_path: Path) -> None:
    gateway = write(tmp_path / "a.yaml", gateway_document())
    group = write(tmp_path / "b.yaml", group_document())
    resources = resources_in(gateway, group)
    assert not resources.findings and not resources.warnings
    assert resources.counted() == "1 gateway and 1 group from 2 files"


def test_findings_come_in_the_order_of_files_and_lines(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("spec: 1\nkind: McpGateway\nspec: 2\n")
    (tmp_path / "a.yaml").write_text(
        "apiVersion: moorage.dev/v1alpha1\nkind: McpGateway\nmetadata: {name: a}\n"
        "spec:\n  rotues: []\n  replicas: 0\n"
    )
    assert told_of(tmp_path / "b.yaml", tmp_path / "a.yaml") == [
        'a.yaml:4: spec: needs routes; add "routes: …"',
        'a.yaml:5: spec.rotues: no such field; did you mean "routes"?',
        "a.yaml:6: spec.replicas: 0 is not in 1 to 100; use 1 to 100",
        'b.yaml:1: needs apiVersion; add "apiVersion: moorage.dev/v1alpha1"',
        'b.yaml:1: needs metadata; add "metadata: {name: …}"',
        "b.yaml:1: spec: must be a mapping, not a whole number; "
        'write its members as "name: value" lines',
        "b.yaml:3: spec: stands twice, first at line 1; remove one of them",
    ]


def test_one_name_twice_names_both_places(tmp_path: Path) -> None:
    first = write(tmp_path / "a.yaml", gateway_document(), group_document())
    second = write(tmp_path / "b.yaml", group_document())
    (finding,) = resources_in(first, second).findings
    assert str(finding) == (
        f"{second}:1: metadata.name: McpUpstreamGroup desk/tickets is at {first}:3 already; "
        "remove one of them"
    )


def test_one_name_in_two_namespaces_is_two_groups(tmp_path: Path) -> None:
    other = group_document()
    other["metadata"]["namespace"] = "office"
    file = write(tmp_path / "a.yaml", gateway_document(), group_document(), other)
    assert told_of(file) == []


def test_a_refused_group_is_not_missing_as_well(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", gateway_document(), group_document(replicas=-1))
    assert told_of(file) == ["a.yaml:3: spec.replicas: -1 is not in 0 to 1000; use 0 to 1000"]


def test_what_may_stand_in_an_unreadable_rest_is_not_missing(tmp_path: Path) -> None:
    gateway = write(tmp_path / "a.yaml", gateway_document())
    (tmp_path / "b.yaml").write_text("kind: [\n")
    (finding,) = told_of(gateway, tmp_path / "b.yaml")
    assert finding.startswith("b.yaml:2: is not YAML")


def test_groups_that_no_route_names_are_a_warning(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", gateway_document(), group_document(), group_document("notes"))
    assert resources_in(file).warnings == [f"{file}:5: no route leads to McpUpstreamGroup notes"]


def test_objects_for_kubernetes_alone_are_passed_over(tmp_path: Path) -> None:
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"anything": 1}}
    file = write(tmp_path / "a.yaml", gateway_document(), deployment, group_document())
    assert resources_in(file).foreign_kinds == ["Deployment"]
    assert told_of(file) == []


def test_groups_alone_are_fine(tmp_path: Path) -> None:
    assert told_of(write(tmp_path / "a.yaml", group_document())) == []


def test_several_gateways_are_fine_for_a_cluster(tmp_path: Path) -> None:
    second = gateway_document(routes=[route("/other", "tickets")])
    second["metadata"]["name"] = "others"
    assert told_of(write(tmp_path / "a.yaml", gateway_document(), second, group_document())) == []


def test_long_lists_of_findings_are_cut() -> None:
    finding = FileFinding("a.yaml", 1, None, "is wrong", "correct it")
    assert told((finding,) * 100) == ["a.yaml:1: is wrong; correct it"] * 100
    assert told((finding,) * 102)[100:] == ["… and 2 more findings"]

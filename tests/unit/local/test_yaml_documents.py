"""YAML as Kubernetes takes it, with the line of every value, and nothing that hurts."""

import time
from typing import Any

import pytest
import yaml

from moorage_local.yaml_documents import MAX_ALIASES, MAX_DEPTH, Document, UnreadableYaml, YamlFile
from moorage_operator.api.findings import Path


def documents(text: str) -> list[Document]:
    return list(YamlFile("f.yaml", text).documents())


def value(text: str) -> Any:
    (document,) = documents(text)
    return document.value


def refusal(text: str) -> UnreadableYaml:
    with pytest.raises(UnreadableYaml) as caught:
        documents(text)
    return caught.value


GATEWAY = """\
# a comment

apiVersion: moorage.dev/v1alpha1
spec:
  listener: {port: 8080,
             hostnames: [a, b]}
  routes:
  - path: /a
    upstream: {name: a}
  -
    path: /b

    upstream:
      name: note
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 3),
        (("apiVersion",), 3),
        (("spec", "listener", "port"), 5),
        (("spec", "listener", "hostnames"), 6),
        (("spec", "listener", "hostnames", 1), 6),
        (("spec", "routes", 0), 8),
        (("spec", "routes", 1), 11),
        (("spec", "routes", 1, "upstream", "name"), 14),
        (("spec", "routes", 1, "upstream", "namespace"), 13),
        (("spec", "routes", 7, "upstream"), 7),
        (("metadata", "name"), 3),
    ],
)
def test_every_value_has_its_line(path: Path, line: int) -> None:
    (document,) = documents(GATEWAY)
    assert document.lines.line_of(path) == line


def test_lines_count_on_over_documents() -> None:
    found = documents("a: 1\n---\n# nothing\n---\nb:\n- 2\n---\n")
    assert [document.value for document in found] == [{"a": 1}, {"b": [2]}]
    assert found[1].lines.line_of(("b", 0)) == 6


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8080", 8080),
        ("0x1F", 31),
        ("-5", -5),
        ("1.5", 1.5),
        ("yes", True),
        ("off", False),
        ("~", None),
        ("2026-11-23", "2026-11-23"),
        ("1:30", "1:30"),
        ("'8080'", "8080"),
        ("!!str 8080", "8080"),
        ("!!int '8080'", 8080),
        ("!!int x", "x"),
        ("0x_", "0x_"),
        ("9" * 100, "9" * 100),
        ("1e400", "1e400"),
        ("=", "="),
        ("|\n  a\n  b\n", "a\nb\n"),
    ],
)
def test_scalars_mean_what_kubernetes_takes_them_for(text: str, expected: object) -> None:
    assert value(f"a: {text}") == {"a": expected}


@pytest.mark.parametrize(
    "text",
    [
        "a: {b: [1, two, {c: d}]}",
        "- 1\n- [2]\n",
        "a: &x {b: 1}\nc: *x",
        '{"a": [true, null]}',
        "base: &b {x: 1, y: 2}\nc: {<<: *b, y: 3}",
        "a: &a {x: 1}\nb: &b {x: 2, z: 3}\nc: {<<: [*a, *b]}",
    ],
)
def test_values_are_those_of_the_library(text: str) -> None:
    assert value(text) == yaml.safe_load(text)


def test_keys_are_text_whatever_they_look_like() -> None:
    assert value("on: 1\n5: 2\n~: 3") == {"on": 1, "5": 2, "~": 3}


def test_a_key_that_stands_twice_is_told_with_both_lines() -> None:
    file = YamlFile("f.yaml", "spec:\n  a: 1\n  b: 2\n  a: 3\n")
    (document,) = file.documents()
    assert document.value == {"spec": {"a": 1, "b": 2}}
    assert [str(finding) for finding in file.findings] == [
        "f.yaml:4: spec.a: stands twice, first at line 2; remove one of them"
    ]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: [1\nc: 2\n", 3, "is not YAML"),
        ("a: 1\n\tb: 2\n", 2, "is not YAML"),
        ("a: 'x", 1, "is not YAML"),
        ("a: \x01", 1, "is not YAML"),
        ("a: 1\nb: !foo 1", 2, 'has the tag "!foo"'),
        ("a: !!python/object:os.system {}", 1, "has the tag"),
        ("a: !!binary aGk=", 1, "has the tag"),
        ("a: 1\n? [b]\n: 1", 2, "has a key that is no text"),
        ("a: *b", 1, "*b stands for nothing"),
        ("a: &a [*a]", 1, "*a stands for nothing"),
        ("<<: [1]", 1, "<< names no mapping"),
        ("a: 1\nb: " + "[" * (MAX_DEPTH + 1), 2, "nested more than 64"),
        ("x: &x 1\ny: [" + "*x," * (MAX_ALIASES + 1) + "]", 2, "more than 1000 aliases"),
        ("{" + "a: 1, " * 102 + "}", 1, "too many keys that stand twice"),
    ],
)
def test_what_is_refused_names_its_line(text: str, line: int, message: str) -> None:
    error = refusal(text)
    assert error.line == line
    assert message in error.message
    assert error.remedy


def test_documents_before_a_mistake_are_read() -> None:
    file = YamlFile("f.yaml", "a: 1\n---\nb: [\n")
    reading = file.documents()
    assert next(reading).value == {"a": 1}
    with pytest.raises(UnreadableYaml):
        next(reading)


def laughs(levels: int) -> str:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    for level in range(1, levels):
        lines.append(f"a{level}: &a{level} [{','.join([f'*a{level - 1}'] * 9)}]")
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        laughs(12),
        "[" * 3_000_000,
        "{a: " * 500_000,
        "- " * 1_000_000,
        "&a " * 500_000,
        "a: {" + ",".join(f"k{n}: *x" for n in range(100_000)) + "}",
        "!" * 100_000,
    ],
    ids=["laughs", "brackets", "braces", "dashes", "anchors", "aliases", "tags"],
)
def test_hostile_text_is_refused_quickly(text: str) -> None:
    started = time.process_time()
    refusal(text)
    assert time.process_time() - started < 3.0


def test_a_large_file_is_read_in_reasonable_time() -> None:
    text = "".join(f"- {{path: /a{n}/mcp, upstream: {{name: t{n}}}}}\n" for n in range(20_000))
    started = time.process_time()
    assert len(value(text)) == 20_000
    assert time.process_time() - started < 10.0

"""Nothing in a resource may be as large as its author likes, whoever that is."""

import pytest

from fakes.crd_schema import Field, fields

KEPT_BY_THE_API_SERVER = {"apiVersion", "kind", "metadata"}
"""It takes only its own values there."""

FIELDS = [
    field
    for field in fields()
    if field.path not in KEPT_BY_THE_API_SERVER and not field.path.startswith("metadata.")
]


def each_field(*types: str) -> pytest.MarkDecorator:
    chosen = [field for field in FIELDS if _type_of(field) in types]
    assert chosen
    return pytest.mark.parametrize("field", chosen, ids=lambda field: f"{field.kind}:{field.path}")


def _type_of(field: Field) -> str:
    schema = field.schema
    if "additionalProperties" in schema:
        return "map"
    return "quantity" if schema.get("x-kubernetes-int-or-string") else str(schema.get("type"))


def test_every_field_is_of_a_type_that_is_looked_at_here() -> None:
    known = {"string", "quantity", "integer", "boolean", "array", "map", "object"}
    assert {_type_of(field) for field in FIELDS} == known


@each_field("string", "quantity")
def test_texts_end(field: Field) -> None:
    schema = field.schema
    longest = max(map(len, schema["enum"])) if "enum" in schema else schema["maxLength"]
    assert 0 < longest <= 32_768


@each_field("integer", "quantity")
def test_numbers_have_a_range(field: Field) -> None:
    schema = field.schema
    assert schema["minimum"] >= 0
    # What the operator counts may grow; what users write ends.
    assert field.path.startswith("status") or schema["maximum"] <= 10**18


@each_field("array")
def test_lists_end_and_say_how_they_merge(field: Field) -> None:
    assert 0 < field.schema["maxItems"] <= 1_024
    assert field.schema["x-kubernetes-list-type"] in {"atomic", "set", "map"}


@each_field("map")
def test_maps_end_and_so_do_their_names(field: Field) -> None:
    assert 0 < field.schema["maxProperties"] <= 64
    assert any("self.all(name, name.size() <= 317" in rule["rule"] for rule in field.rules)


@each_field("object")
def test_mappings_have_known_members_only(field: Field) -> None:
    assert field.schema["properties"]
    assert "x-kubernetes-preserve-unknown-fields" not in field.schema
    assert "x-kubernetes-embedded-resource" not in field.schema

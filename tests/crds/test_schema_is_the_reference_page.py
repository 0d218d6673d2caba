"""docs/resources.md and the schemas in crds/ name the same fields, types, bounds and defaults.

That the page says what ``moorage_operator.api`` reads is tested in tests/unit/api.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest

from fakes.crd_schema import Field, fields
from fakes.reference_page import Row, rows

ROWS = list(rows())
FIELDS = {(field.kind, field.path): field for field in fields()}
TYPES = {
    "integer": "integer",
    "text": "string",
    "boolean": "boolean",
    "list": "array",
    "list of text": "array",
    "mapping": "object",
    "mapping of text": "object",
    "mapping of quantities": "object",
}
BOUND_NAMES = {
    "integer": ("minimum", "maximum"),
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
    "object": ("minProperties", "maxProperties"),
}
NO_DEFAULT = {"", "none", "empty", "**required**", "the gateway's", "where it starts"} | {
    "the group's own namespace"
}


def each_row(wanted: Callable[[Row], object] = bool) -> pytest.MarkDecorator:
    chosen = [row for row in ROWS if wanted(row)]
    assert chosen
    return pytest.mark.parametrize("row", chosen, ids=lambda row: f"{row.kind}:{row.field}")


def field_of(row: Row) -> Field:
    return FIELDS[row.kind, row.field]


def test_the_page_and_the_schemas_name_the_same_fields() -> None:
    in_schemas = {
        name
        for name in FIELDS
        if name[1].startswith("spec.") and not name[1].endswith(("[]", "{}"))
    }
    assert in_schemas == {(row.kind, row.field) for row in ROWS}


@each_row()
def test_types_are_the_same(row: Row) -> None:
    schema = field_of(row).schema
    assert schema["type"] == TYPES[row.type]
    if row.type == "list of text":
        assert schema["items"]["type"] == "string"
    if row.type == "list":
        assert schema["items"]["type"] == "object"
    if row.type == "mapping of text":
        assert schema["additionalProperties"]["type"] == "string"
    if row.type == "mapping of quantities":
        assert schema["additionalProperties"]["x-kubernetes-int-or-string"]


@each_row(lambda row: re.match(r"[\d,]+ to ", row.bounds))
def test_bounds_are_the_same(row: Row) -> None:
    schema = field_of(row).schema
    least, most = BOUND_NAMES[schema["type"]]
    assert (schema.get(least, 0), schema[most]) == row.span


@each_row(lambda row: "characters each" in row.meaning)
def test_bounds_of_items_are_the_same(row: Row) -> None:
    most = re.search(r"up to ([\d,]+) characters each", row.meaning)
    assert most is not None
    assert field_of(row).schema["items"]["maxLength"] == int(most[1].replace(",", ""))


@each_row(lambda row: row.type == "text" and row.bounds.startswith("`"))
def test_choices_are_the_same(row: Row) -> None:
    assert field_of(row).schema["enum"] == re.findall(r"`(\w+)`", row.bounds)


def test_choices_of_the_schemas_are_all_on_the_page() -> None:
    choices = {name for name, field in FIELDS.items() if "enum" in field.schema}
    on_page = {(row.kind, row.field) for row in ROWS if row.bounds.startswith("`")}
    assert {name for name in choices if name[1].startswith("spec.")} == on_page


@each_row()
def test_what_is_required_is_the_same(row: Row) -> None:
    assert field_of(row).is_required == (row.default == "**required**")


@each_row()
def test_defaults_are_the_same(row: Row) -> None:
    schema = field_of(row).schema
    if row.default in NO_DEFAULT:
        assert "default" not in schema
    else:
        assert schema["default"] == written(row.default)


def written(default: str) -> Any:
    plain = default.strip("`").replace(",", "")
    switches: dict[str, Any] = {"true": True, "false": False, "all defaults": {}}
    return int(plain) if plain.isdigit() else switches.get(plain, plain)

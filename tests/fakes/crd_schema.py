"""crds/ as data: every field of the two kinds' schemas, and every rule."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "crds"

Schema = dict[str, Any]

CRDS: dict[str, Schema] = {
    crd["spec"]["names"]["kind"]: crd
    for crd in (yaml.safe_load(file.read_text()) for file in sorted(FOLDER.glob("*.yaml")))
}


@dataclass(frozen=True)
class Field:
    """One value that a resource may have: a member, an item of a list, or a value of a map."""

    kind: str
    path: str
    """As docs/resources.md writes it; ``[]`` for each item, ``{}`` for each value of a map."""
    schema: Schema
    is_required: bool

    @property
    def rules(self) -> list[Schema]:
        """Its CEL rules."""
        return list(self.schema.get("x-kubernetes-validations", ()))


def fields() -> Iterator[Field]:
    """All fields of both kinds, the root (with an empty path) first."""
    for kind, crd in CRDS.items():
        (version,) = crd["spec"]["versions"]
        yield from _within(Field(kind, "", version["schema"]["openAPIV3Schema"], True))


def _within(field: Field) -> Iterator[Field]:
    yield field
    schema = field.schema
    for name, member in schema.get("properties", {}).items():
        path = f"{field.path}.{name}".removeprefix(".")
        yield from _within(Field(field.kind, path, member, name in schema.get("required", ())))
    if "items" in schema:
        yield from _within(Field(field.kind, f"{field.path}[]", schema["items"], True))
    if "additionalProperties" in schema:
        values = schema["additionalProperties"]
        yield from _within(Field(field.kind, f"{field.path}{{}}", values, True))

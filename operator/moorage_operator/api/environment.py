"""``env`` of a stdio server, shaped as in a pod."""

from dataclasses import dataclass
from typing import Literal

from moorage_operator.api import bounds
from moorage_operator.api.name_rules import (
    data_key,
    environment_value,
    object_name,
    variable_name,
)
from moorage_operator.api.unique import refuse_repeated
from moorage_operator.api.value import Members, Value

KeySource = Literal["secretKeyRef", "configMapKeyRef"]
_KEY_SOURCES: tuple[KeySource, ...] = ("secretKeyRef", "configMapKeyRef")


@dataclass(frozen=True)
class KeyReference:
    """One key of a Secret or a ConfigMap of the group's namespace."""

    source: KeySource
    name: str
    key: str
    optional: bool = False


@dataclass(frozen=True)
class EnvironmentVariable:
    """One variable: a value written here, or one kept elsewhere."""

    name: str
    value: str = ""
    value_from: KeyReference | None = None


def read_environment(owner: Members) -> tuple[EnvironmentVariable, ...]:
    """The variables as written; their names differ."""
    items = owner.items("env", bounds.ENVIRONMENT)
    variables = tuple(_read_variable(item) for item in items)
    refuse_repeated(items, [variable.name for variable in variables])
    return variables


def _read_variable(item: Value) -> EnvironmentVariable:
    with item.members() as variable:
        name = variable.text("name", variable_name)
        value = variable.optional_text("value", environment_value)
        source = variable.optional("valueFrom")
        if value is not None and source is not None:
            variable.refuse("Contradiction", "has value and valueFrom", "keep one of them")
        return EnvironmentVariable(
            name, value or "", None if source is None else _read_source(source)
        )


def _read_source(value: Value) -> KeyReference | None:
    with value.members() as source:
        given = [(kind, source.optional(kind)) for kind in _KEY_SOURCES]
        references = [_read_reference(kind, at) for kind, at in given if at is not None]
        if len(references) != 1:
            message = f"names {len(references)} sources"
            source.refuse("Contradiction", message, f"name one of {', '.join(_KEY_SOURCES)}")
            return None
        return references[0]


def _read_reference(kind: KeySource, value: Value) -> KeyReference:
    with value.members() as reference:
        return KeyReference(
            source=kind,
            name=reference.text("name", object_name),
            key=reference.text("key", data_key),
            optional=reference.boolean("optional", default=False),
        )

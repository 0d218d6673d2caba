"""``envFrom`` of a stdio server, shaped as in a pod: all keys of an object become variables."""

from dataclasses import dataclass
from typing import Literal

from moorage_operator.api import bounds
from moorage_operator.api.name_rules import object_name, variable_name
from moorage_operator.api.value import Members, Value

ObjectSource = Literal["secretRef", "configMapRef"]
_OBJECT_SOURCES: tuple[ObjectSource, ...] = ("secretRef", "configMapRef")


@dataclass(frozen=True)
class EnvironmentSource:
    """A Secret or a ConfigMap of the group's namespace whose keys become variables."""

    source: ObjectSource
    name: str
    optional: bool = False
    prefix: str = ""
    """What stands before each key in the variable's name."""


def read_environment_sources(owner: Members) -> tuple[EnvironmentSource, ...]:
    """The sources as written; of two that give one variable the later one wins, as in a pod."""
    items = owner.items("envFrom", bounds.ENVIRONMENT_SOURCES)
    return tuple(source for item in items if (source := _read_source(item)) is not None)


def _read_source(value: Value) -> EnvironmentSource | None:
    with value.members() as source:
        prefix = source.optional_text("prefix", variable_name) or ""
        given = [(kind, source.optional(kind)) for kind in _OBJECT_SOURCES]
        references = [_read_reference(kind, prefix, at) for kind, at in given if at is not None]
        if len(references) != 1:
            message = f"names {len(references)} sources"
            source.refuse("Contradiction", message, f"name one of {', '.join(_OBJECT_SOURCES)}")
            return None
        return references[0]


def _read_reference(kind: ObjectSource, prefix: str, value: Value) -> EnvironmentSource:
    with value.members() as reference:
        name = reference.text("name", object_name)
        return EnvironmentSource(kind, name, reference.boolean("optional", default=False), prefix)

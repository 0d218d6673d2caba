"""The forms that the asking tools send with `elicitation/create`."""

from typing import Any

Form = dict[str, Any]


def form(required: list[str], **properties: dict[str, Any]) -> Form:
    return {"type": "object", "properties": properties, "required": required}


def text_field(name: str) -> Form:
    return form([name], **{name: {"type": "string"}})


CONTACT = form(
    ["username", "email"],
    username={"type": "string", "description": "User's response"},
    email={"type": "string", "description": "User's email address"},
)

CONFIRMATION = form(["ok"], ok={"type": "boolean"})

# SEP-1034: every primitive type may carry a default.
WITH_DEFAULTS = form(
    [],
    name={"type": "string", "default": "John Doe"},
    age={"type": "integer", "default": 30},
    score={"type": "number", "default": 95.5},
    status={
        "type": "string",
        "enum": ["active", "inactive", "pending"],
        "default": "active",
    },
    verified={"type": "boolean", "default": True},
)


def _titled(*titles: str) -> list[dict[str, str]]:
    return [{"const": f"value{n}", "title": title} for n, title in enumerate(titles, 1)]


# SEP-1330: the five ways of writing a choice.
WITH_CHOICES = form(
    [],
    untitledSingle={"type": "string", "enum": ["option1", "option2", "option3"]},
    titledSingle={
        "type": "string",
        "oneOf": _titled("First Option", "Second Option", "Third Option"),
    },
    legacyEnum={
        "type": "string",
        "enum": ["opt1", "opt2", "opt3"],
        "enumNames": ["Option One", "Option Two", "Option Three"],
    },
    untitledMulti={
        "type": "array",
        "items": {"type": "string", "enum": ["option1", "option2", "option3"]},
    },
    titledMulti={
        "type": "array",
        "items": {"anyOf": _titled("First Choice", "Second Choice", "Third Choice")},
    },
)

"""Reading one document: values that know their place, and members that are asked for by name.

A wrong or missing value adds a finding and reads as something harmless, so that one pass tells
everything that is wrong. Every ``read_…`` function of this room takes a ``Value``.
"""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self, TypeVar

from moorage_operator.api.bounds import DefaultedInteger, IntegerBounds, SizeBounds
from moorage_operator.api.findings import Findings, Path, Reason, SpecFinding, did_you_mean, quoted

Choice = TypeVar("Choice", bound=str)
Problem = tuple[str, str]
"""What is wrong with a text, and the remedy."""
TextRule = Callable[[str], Problem | None]

_ABSENT = object()


class Value:
    """One value of a document, its place, and where findings about it go."""

    def __init__(self, raw: object, path: Path, findings: Findings) -> None:
        self.raw = raw
        self.path = path
        self._findings = findings

    def refuse(self, reason: Reason, message: str, remedy: str) -> None:
        """Add a finding about this value."""
        self._findings.add(SpecFinding(self.path, reason, message, remedy))

    def text(self, rule: TextRule) -> str:
        """The value as text that keeps the rule; empty if it is no such text."""
        if not isinstance(self.raw, str):
            self._wrong_type("text", _text_remedy(self.raw))
            return ""
        problem = rule(self.raw)
        if problem is not None:
            self.refuse("InvalidValue", *problem)
        return self.raw

    def integer(self, bounds: IntegerBounds) -> int:
        """The value as an integer within the bounds; the default (or minimum) if it is none."""
        fallback = bounds.default if isinstance(bounds, DefaultedInteger) else bounds.minimum
        if not isinstance(self.raw, int) or isinstance(self.raw, bool):
            self._wrong_type("a whole number", "write it without quotes, unit or fraction")
            return fallback
        if not bounds.minimum <= self.raw <= bounds.maximum:
            span = f"{bounds.minimum} to {bounds.maximum}"
            self.refuse("OutOfBounds", f"{quoted_value(self.raw)} is not in {span}", f"use {span}")
            return fallback
        return self.raw

    def boolean(self) -> bool:
        """The value as true or false; false if it is neither."""
        if isinstance(self.raw, bool):
            return self.raw
        self._wrong_type("true or false", "write true or false without quotes")
        return False

    def choice(self, options: tuple[Choice, ...]) -> Choice:
        """The value as one of the options; the first one if it is none of them."""
        for option in options:
            if self.raw == option:
                return option
        if self.raw is not _ABSENT:
            near = did_you_mean(self.raw, list(options)) if isinstance(self.raw, str) else None
            one_of = f"use one of {', '.join(options)}"
            self.refuse(
                "InvalidValue", f"{quoted_value(self.raw)} is not known here", near or one_of
            )
        return options[0]

    def items(self, size: SizeBounds) -> list["Value"]:
        """The value as a list of values, cut at the largest size; empty if it is no list."""
        if not isinstance(self.raw, (list, tuple)):
            self._wrong_type("a list", 'write its items as "- …" lines or in [ ]')
            return []
        self._check_size(len(self.raw), size)
        kept = self.raw[: size.maximum]
        return [self._child(index, item) for index, item in enumerate(kept)]

    def entries(self, size: SizeBounds) -> dict[str, "Value"]:
        """The value as a mapping of free names; empty if it is no mapping or too large."""
        mapping = self.mapping()
        if mapping is None:
            return {}
        self._check_size(len(mapping), size)
        kept = list(mapping.items())[: size.maximum]
        return {name: self._child(name, raw) for name, raw in kept}

    def mapping(self) -> Mapping[str, object] | None:
        """The value as a mapping that somebody else will judge; None if it is no mapping."""
        if isinstance(self.raw, Mapping):
            return self.raw
        self._wrong_type("a mapping", 'write its members as "name: value" lines')
        return None

    def rule_on_name(self, name: str, rule: TextRule) -> None:
        """A finding here if the free name, under which this value stands, breaks the rule."""
        problem = rule(name)
        if problem is not None:
            self.refuse("InvalidValue", *problem)

    def members(self) -> "Members":
        """The value as a mapping of known members; use it as a context manager."""
        return Members(self, self.mapping())

    def _child(self, step: str | int, raw: object) -> "Value":
        return Value(raw, (*self.path, step), self._findings)

    def _check_size(self, count: int, size: SizeBounds) -> None:
        if count < size.minimum:
            self.refuse("OutOfBounds", "is empty", f"give at least {size.minimum}")
        elif count > size.maximum:
            message = f"has {count} items, more than {size.maximum}"
            self.refuse("OutOfBounds", message, f"give at most {size.maximum}")

    def _wrong_type(self, wanted: str, remedy: str) -> None:
        if self.raw is not _ABSENT:
            self.refuse("WrongType", f"must be {wanted}, not {_type_name(self.raw)}", remedy)


class Members:
    """The members of one mapping: each is asked for by name, what nobody asked for is unknown."""

    def __init__(self, owner: Value, raw: Mapping[str, object] | None) -> None:
        self._owner = owner
        self._raw = raw
        self._asked: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._refuse_unknown()

    def optional(self, name: str) -> Value | None:
        """The member, or None if it is absent or null (which Kubernetes takes for absent)."""
        self._asked.append(name)
        raw = None if self._raw is None else self._raw.get(name)
        return None if raw is None else self._owner._child(name, raw)

    def required(self, name: str, remedy: str | None = None) -> Value:
        """The member; if it is absent, a finding and a value that reads as something harmless."""
        member = self.optional(name)
        if member is not None:
            return member
        self.refuse("MissingField", f"needs {name}", remedy or f'add "{name}: …"')
        return self._owner._child(name, _ABSENT)

    def text(self, name: str, rule: TextRule) -> str:
        """A text that must be given."""
        return self.required(name).text(rule)

    def optional_text(self, name: str, rule: TextRule) -> str | None:
        """A text that may be left out."""
        member = self.optional(name)
        return None if member is None else member.text(rule)

    def integer(self, name: str, bounds: IntegerBounds) -> int:
        """An integer; it must be given if its bounds have no default."""
        if not isinstance(bounds, DefaultedInteger):
            return self.required(name).integer(bounds)
        member = self.optional(name)
        return bounds.default if member is None else member.integer(bounds)

    def boolean(self, name: str, *, default: bool) -> bool:
        """A switch that may be left out."""
        member = self.optional(name)
        return default if member is None else member.boolean()

    def choice(self, name: str, options: tuple[Choice, ...]) -> Choice:
        """One of the options; the first one is the default."""
        member = self.optional(name)
        return options[0] if member is None else member.choice(options)

    def items(self, name: str, size: SizeBounds) -> list[Value]:
        """A list; absent counts as empty, which must be given if the size demands an item."""
        member = self.required(name) if size.minimum else self.optional(name)
        return [] if member is None else member.items(size)

    def refuse(self, reason: Reason, message: str, remedy: str) -> None:
        """Add a finding about the mapping as a whole; none if it is no mapping (told already)."""
        if self._raw is not None:
            self._owner.refuse(reason, message, remedy)

    def _refuse_unknown(self) -> None:
        for name in self._raw or ():
            if name not in self._asked:
                near = did_you_mean(name, self._asked)
                known = f"known here: {', '.join(self._asked)}"
                self._owner._child(name, None).refuse(
                    "UnknownField", "no such field", near or known
                )


def quoted_value(raw: object) -> str:
    """A scalar made safe to print; of a list or mapping only what it is."""
    if isinstance(raw, str):
        return quoted(raw)
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int):
        return str(raw) if raw.bit_length() <= 64 else "a number of more than 64 bits"
    return _type_name(raw)


def _type_name(raw: object) -> str:
    if isinstance(raw, bool):
        return "true" if raw else "false"
    names: dict[type, str] = {str: "text", int: "a whole number", float: "a fraction"}
    if isinstance(raw, Mapping):
        return "a mapping"
    if isinstance(raw, (list, tuple)):
        return "a list"
    return names.get(type(raw), "empty")


def _text_remedy(raw: object) -> str:
    return "write one text" if isinstance(raw, (list, Mapping)) else "put it in quotes"

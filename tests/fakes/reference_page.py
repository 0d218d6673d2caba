"""docs/resources.md as data: its rows, its examples, and where an example shows a row's field."""

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fakes.cr_documents import Document, reasons_in
from moorage_operator.api.findings import field_path

_PAGE = (Path(__file__).parents[2] / "docs" / "resources.md").read_text()

EXAMPLES: list[Document] = [
    document
    for block in re.findall(r"```yaml\n(.*?)```", _PAGE, flags=re.DOTALL)
    for document in yaml.safe_load_all(block)
]


@dataclass(frozen=True)
class Row:
    """One row, with the kind whose heading it stands under."""

    kind: str
    field: str
    type: str
    bounds: str
    default: str
    meaning: str

    @property
    def span(self) -> tuple[int, int]:
        """Smallest and largest of the bounds ``1 to 1,024 items``."""
        span = re.match(r"([\d,]+) to ([\d,]+)", self.bounds)
        assert span is not None, self
        return int(span[1].replace(",", "")), int(span[2].replace(",", ""))


def rows() -> Iterator[Row]:
    """The rows of all tables."""
    kind = ""
    for line in _PAGE.splitlines():
        if heading := re.fullmatch(r"## (Mcp\w+)", line):
            kind = heading[1]
        if line.startswith("| `spec"):
            field, *cells = [cell.strip() for cell in line.strip("|").split("|")]
            yield Row(kind, field.strip("`"), *cells)


class Shown:
    """A field in a copy of an example: it can be set, removed, and looked at for findings."""

    def __init__(self, row: Row) -> None:
        self.document, self._way = next(_places(row))
        *way, self._last = self._way
        owner: Any = self.document
        for step in way:
            owner = owner[step]
        self.owner = owner

    def reason(self, value: object) -> str | None:
        """The reason that is found at the field when it has that value."""
        self.owner[self._last] = value
        return reasons_in(self.document).get(field_path(tuple(self._way)))

    def reason_when_missing(self) -> str | None:
        """The reason that is found at the field's owner when the field is not there."""
        del self.owner[self._last]
        return reasons_in(self.document).get(field_path(tuple(self._way[:-1])))


def _places(row: Row) -> Iterator[tuple[Document, list[str | int]]]:
    steps = re.findall(r"\[\]|[^.\[\]]+", row.field)
    for example in EXAMPLES:
        if example["kind"] == row.kind:
            for way in _ways(example, steps):
                yield deepcopy(example), way
    raise AssertionError(f"no example shows {row.field}")


def _ways(value: Any, steps: list[str]) -> Iterator[list[str | int]]:
    if not steps:
        yield []
    elif steps[0] == "[]" and isinstance(value, list):
        for index, item in enumerate(value):
            yield from ([index, *way] for way in _ways(item, steps[1:]))
    elif isinstance(value, dict) and steps[0] in value:
        yield from ([steps[0], *way] for way in _ways(value[steps[0]], steps[1:]))

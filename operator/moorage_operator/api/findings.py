"""What is wrong with a document: where, under which condition reason, and what to do about it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

Path = tuple[str | int, ...]

Reason = Literal[
    "MissingField",
    "UnknownField",
    "WrongType",
    "OutOfBounds",
    "InvalidValue",
    "Duplicate",
    "Contradiction",
    "NotSupportedYet",
    "UnknownKind",
    "UpstreamNotFound",
    "RefNotPermitted",
    "TooManyFindings",
]

FINDINGS_PER_DOCUMENT = 100

_QUOTED_CHARACTERS = 80
_PLAIN_KEY_PUNCTUATION = frozenset("-_./")


@dataclass(frozen=True)
class SpecFinding:
    """One thing that is wrong in one document."""

    path: Path
    """Members and list indices from the document's root: ``("spec", "routes", 1, "path")``."""
    reason: Reason
    """The condition reason under which the operator tells it."""
    message: str
    """What is wrong, without the place."""
    remedy: str
    """What to do about it."""

    def __str__(self) -> str:
        return f"{field_path(self.path)}: {self.message}; {self.remedy}"


class SpecError(Exception):
    """A document that is refused, with every finding in it (never none)."""

    def __init__(self, findings: tuple[SpecFinding, ...]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = findings


class EnoughFindings(Exception):
    """The document has so many findings that reading on would help nobody."""


class Findings:
    """The findings of one document as they are met, bounded."""

    def __init__(self) -> None:
        self._met: list[SpecFinding] = []

    def __iter__(self) -> Iterator[SpecFinding]:
        return iter(self._met)

    def add(self, finding: SpecFinding) -> None:
        """Keep a finding; raises ``EnoughFindings`` where a document has too many of them."""
        if len(self._met) == FINDINGS_PER_DOCUMENT:
            message = f"has more findings than the {FINDINGS_PER_DOCUMENT} told"
            self._met.append(SpecFinding((), "TooManyFindings", message, "mend these first"))
            raise EnoughFindings
        self._met.append(finding)


def field_path(path: Path) -> str:
    """The path as people write it: ``spec.routes[1].upstream.name``; the root is ``document``."""
    return "".join(_step(step) for step in path).removeprefix(".") or "document"


def quoted(text: str) -> str:
    """Somebody else's text made safe to print: one line, in quotes, at most 80 characters."""
    shown = text if len(text) <= _QUOTED_CHARACTERS else f"{text[:_QUOTED_CHARACTERS]}…"
    return json.dumps(shown, ensure_ascii=not shown.isprintable())


def did_you_mean(name: str, known: list[str]) -> str | None:
    """``did you mean "notes"?`` for the nearest of the known names, or None if none is near."""
    nearest = get_close_matches(name[:_QUOTED_CHARACTERS], known, n=1)
    return f"did you mean {quoted(nearest[0])}?" if nearest else None


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    plain = step and all(letter.isalnum() or letter in _PLAIN_KEY_PUNCTUATION for letter in step)
    return f".{step}" if plain and len(step) <= _QUOTED_CHARACTERS else f"[{quoted(step)}]"

"""docs/resources.md names every field, and its bounds and defaults are the ones in force."""

import re
from collections.abc import Callable

import pytest

from fakes.cr_documents import Document, findings_in, reasons_in
from fakes.reference_page import EXAMPLES, Row, Shown, rows
from moorage_operator.api.findings import FINDINGS_PER_DOCUMENT, field_path
from moorage_operator.api.resources import read_resource
from moorage_operator.api.value import Members, Value

SWITCHES = {"true": True, "false": False}
REFUSED = {(row.kind, row.field) for row in rows() if "**refused**" in row.meaning}


def each_row(wanted: Callable[[Row], object]) -> pytest.MarkDecorator:
    chosen = [row for row in rows() if wanted(row)]
    assert chosen
    return pytest.mark.parametrize("row", chosen, ids=lambda row: f"{row.kind}:{row.field}")


def test_every_field_that_is_read_has_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    read: set[tuple[str, str]] = set()
    look_up = Members.optional

    def recording(members: Members, name: str) -> Value | None:
        path = re.sub(r"\[\d+\]", "[]", field_path((*members._owner.path, name)))
        if path.startswith("spec."):
            read.add((example["kind"], path))
        return look_up(members, name)

    monkeypatch.setattr(Members, "optional", recording)
    for example in EXAMPLES:
        findings_in(example)
    assert read == {(row.kind, row.field) for row in rows()}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["metadata"]["name"])
def test_examples_are_accepted_but_for_what_is_marked_refused(example: Document) -> None:
    reasons = reasons_in(example)
    assert {(example["kind"], field) for field in reasons} <= REFUSED
    assert set(reasons.values()) <= {"NotSupportedYet"}


@each_row(lambda row: "**refused**" in row.meaning)
def test_what_is_marked_refused_is_refused(row: Row) -> None:
    assert reasons_in(Shown(row).document)[row.field] == "NotSupportedYet"


@each_row(lambda row: row.type == "integer")
def test_integers_have_the_bounds_of_their_row(row: Row) -> None:
    field = Shown(row)
    minimum, maximum = row.span
    assert field.reason(minimum) is field.reason(maximum) is None
    assert field.reason(minimum - 1) == field.reason(maximum + 1) == "OutOfBounds"
    assert set(map(field.reason, ("5", 5.5, True, [5]))) == {"WrongType"}


@each_row(lambda row: "items" in row.bounds and "**refused**" not in row.meaning)
def test_lists_have_the_bounds_of_their_row(row: Row) -> None:
    field = Shown(row)
    minimum, maximum = row.span
    # The items are wrong themselves, which their own places tell; as many as can be told.
    assert field.reason([0] * min(maximum, FINDINGS_PER_DOCUMENT - 1)) is None
    assert field.reason([0] * (maximum + 1)) == "OutOfBounds"
    assert field.reason([]) == ("OutOfBounds" if minimum else None)
    assert field.reason({"a": "b"}) == field.reason("a") == "WrongType"


@each_row(lambda row: row.type == "text" and "characters" in row.bounds)
def test_texts_have_the_length_of_their_row(row: Row) -> None:
    field = Shown(row)
    minimum, maximum = row.span
    assert field.reason("a" * (maximum + 1)) == "InvalidValue"
    assert field.reason("") == ("InvalidValue" if minimum else None)
    assert set(map(field.reason, (5, True, 0.5, ["a"], {}))) == {"WrongType"}


@each_row(lambda row: row.type == "text" and row.bounds.startswith("`"))
def test_choices_are_those_of_their_row(row: Row) -> None:
    field = Shown(row)
    options = re.findall(r"`(\w+)`", row.bounds)
    assert {field.reason(option) for option in options} == {None}
    wrong: tuple[object, ...] = ("Other", options[0].lower(), 5, [], True)
    assert set(map(field.reason, wrong)) == {"InvalidValue"}


@each_row(lambda row: row.default == "**required**" and row.field != "spec.source")
def test_required_fields_are_missed(row: Row) -> None:
    assert Shown(row).reason_when_missing() == "MissingField"


@each_row(lambda row: re.fullmatch(r"[\d,]+|`[^`]+`", row.default))
def test_defaults_are_those_of_their_row(row: Row) -> None:
    written = row.default.strip("`").replace(",", "")
    value = int(written) if written.isdigit() else SWITCHES.get(written, written)
    explicit, absent = Shown(row), Shown(row)
    assert explicit.reason(value) is None
    absent.reason_when_missing()
    for field in (explicit, absent):
        for needless in ("header", "selector"):
            field.owner.pop(needless, None)
        for refused in ("authentication", "limits", "failover"):
            field.document["spec"].pop(refused, None)
    assert read_resource(absent.document) == read_resource(explicit.document)

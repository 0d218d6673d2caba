"""A resource with 10,000 characters in every text is refused, field by field."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from fakes.api_server import ApiServer
from fakes.cr_documents import Document, findings_in
from fakes.crd_schema import fields
from fakes.reference_page import EXAMPLES

LONG = "a" * 10_000
TAKES_LONG_TEXTS = {"spec.source.stdio.env[].value"}
"""A certificate in a variable is an ordinary thing; 32,768 characters are its bound."""

each_example = pytest.mark.parametrize(
    "example", EXAMPLES, ids=lambda example: example["metadata"]["name"]
)


def lengthened(value: Any, path: str = "spec") -> Any:
    """A copy with a long text in place of every text, all different; names of members stay."""
    if isinstance(value, dict):
        return {name: lengthened(member, f"{path}.{name}") for name, member in value.items()}
    if isinstance(value, list):
        return [lengthened(item, f"{path}.{index}") for index, item in enumerate(value)]
    return path.ljust(10_000, "a") if isinstance(value, str) else value


def text_paths(value: Any, path: str = "spec") -> Iterator[str]:
    """Where the texts are, as the API server writes it."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from text_paths(member, f"{path}.{name}")
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from text_paths(item, f"{path}[{index}]")
    if isinstance(value, str):
        yield path


def long_resource(example: Document) -> Document:
    return {**deepcopy(example), "spec": lengthened(example["spec"])}


@pytest.mark.cluster
@each_example
def test_every_long_text_is_refused_at_its_place(example: Document, api_server: ApiServer) -> None:
    refusals = api_server.refusals(long_resource(example))

    expected = {
        path
        for path in text_paths(example["spec"])
        if re.sub(r"\[\d+\]", "[]", path) not in TAKES_LONG_TEXTS
    }
    assert {refusal.field for refusal in refusals} >= expected
    too_long_or_unknown = re.compile(
        "Too long: may not be (more|longer) than|Unsupported value|None"
    )
    for refusal in refusals:
        assert refusal.field == "" or too_long_or_unknown.search(refusal.text), refusal


@pytest.mark.cluster
def test_what_the_api_server_says_of_long_texts_is_short(api_server: ApiServer) -> None:
    for example in EXAMPLES:
        for refusal in api_server.refusals(long_resource(example)):
            # It repeats a value that is none of the choices; all others it leaves out.
            assert len(refusal.text) < 300 or "supported values" in refusal.text


@pytest.mark.cluster
def test_a_long_name_of_a_member_is_refused_too(api_server: ApiServer) -> None:
    (notes,) = (example for example in EXAMPLES if example["metadata"]["name"] == "notes")
    maps = [
        field.path
        for field in fields()
        if field.path.startswith("spec.source.stdio") and "additionalProperties" in field.schema
    ]
    assert maps
    for path in maps:
        document = deepcopy(notes)
        owner = document
        for step in path.split("."):
            owner = owner[step]
        owner[LONG] = "1"
        fields_told = [refusal.field for refusal in api_server.refusals(document)]
        assert fields_told == [path]


@each_example
def test_a_desk_refuses_them_in_short_words(example: Document) -> None:
    findings = findings_in(long_resource(example))
    assert findings
    assert len(json.dumps([str(finding) for finding in findings])) < 20_000

"""How the tables of bad resources are written, and held to what the API server says."""

from dataclasses import dataclass

import pytest

from fakes.api_server import ApiServer, Refusal
from fakes.cr_documents import Document, findings_in


@dataclass(frozen=True)
class Bad:
    """A resource that is refused at ``field`` with ``text`` in what is said."""

    field: str
    text: str
    document: Document


def each_of(table: list[Bad]) -> pytest.MarkDecorator:
    """A test for each row of the table."""
    names = [f"{number}:{bad.field}" for number, bad in enumerate(table)]
    return pytest.mark.parametrize("bad", table, ids=names)


def assert_refused(bad: Bad, api_server: ApiServer) -> None:
    """The API server refuses it in those words, and so does a desk in its own."""
    refusals = api_server.refusals(bad.document)
    assert any(_is_told(bad, refusal) for refusal in refusals), refusals
    assert findings_in(bad.document)


def _is_told(bad: Bad, refusal: Refusal) -> bool:
    # Where a member is unknown, the API server names the field in the text alone.
    place = refusal.field or refusal.text
    return bad.text in refusal.text and (bad.field == place or f'"{bad.field}"' in place)

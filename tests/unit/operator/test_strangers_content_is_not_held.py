"""Anybody may label a ConfigMap as ours: what is held of it does not grow with it."""

import base64
import copy
import gc
import os
import sys
from typing import Any, cast

import pytest
from kopf import Body

from moorage_operator.running.extracts import child_extract, content_digest, shorten_content

SIZE = 700_000


def _config_map(**sections: Any) -> dict[str, Any]:
    metadata = {"namespace": "a", "name": "c", "uid": "u", "resourceVersion": "1"}
    return {"kind": "ConfigMap", "metadata": metadata, **sections}


def _packed() -> str:
    return base64.b64encode(os.urandom(SIZE)).decode()


def _bytes_within(value: object) -> int:
    """All that is reached from a value, classes and modules left out."""
    seen, waiting, total = set[int](), [value], 0
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, type):
            continue
        seen.add(id(each))
        total += sys.getsizeof(each)
        waiting += gc.get_referents(each)
    return total


@pytest.mark.parametrize("section", ["data", "binaryData"])
def test_what_is_kept_of_a_config_map_is_small(section: str) -> None:
    extract = child_extract("ConfigMap", _config_map(**{section: {"table": _packed()}}))

    assert _bytes_within(extract) < 10_000


@pytest.mark.parametrize("section", ["data", "binaryData"])
def test_the_body_that_kopf_holds_becomes_small_and_says_the_same(section: str) -> None:
    document = _config_map(**{section: {"table": _packed(), "short": "AAAA"}})
    before = content_digest(document)

    # As kopf hands it out: a view of what it holds.
    shorten_content(Body(cast(Any, document)))

    assert _bytes_within(document) < 10_000
    assert document[section]["short"] == "AAAA"
    assert content_digest(document) == before
    shorten_content(Body(cast(Any, document)))
    assert content_digest(document) == before


def test_a_long_value_that_changes_is_another_content() -> None:
    one = _config_map(binaryData={"table": _packed()})
    other = copy.deepcopy(one)
    other["binaryData"]["table"] = "AAAA" + one["binaryData"]["table"][4:]

    assert content_digest(one) != content_digest(other)


def test_the_digest_in_place_of_a_long_value_is_another_content() -> None:
    one = _config_map(binaryData={"table": _packed()})
    shortened = copy.deepcopy(one)
    shorten_content(Body(cast(Any, shortened)))
    # All that binaryData can say is base64; the hexadecimal digits of a digest are.
    edited = _config_map(binaryData={"table": shortened["binaryData"]["table"][-32:]})

    assert base64.b64decode(edited["binaryData"]["table"], validate=True)
    assert content_digest(edited) != content_digest(one)


def test_objects_without_content_stay_as_they_are() -> None:
    document = _config_map(binaryData=None)

    shorten_content(Body(cast(Any, document)))

    assert document == _config_map(binaryData=None)

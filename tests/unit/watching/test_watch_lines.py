"""What the API server says is read line by line, however cut; garbage is told as such."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage_gateway.watching.watch_events import (
    LineSplitter,
    VersionExpired,
    WatchBroken,
    read_event,
    read_page,
)


def line(kind: str, document: object) -> bytes:
    return json.dumps({"type": kind, "object": document}).encode()


@given(st.lists(st.binary(max_size=20).map(lambda each: each.replace(b"\n", b"")), max_size=6))
def test_lines_are_the_same_however_they_are_cut(lines: list[bytes]) -> None:
    stream = b"".join(each + b"\n" for each in lines)
    wanted = [each for each in lines if each.strip()]
    for size in (1, 2, 7, len(stream) + 1):
        splitter = LineSplitter(100)
        pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
        assert [each for piece in pieces for each in splitter.feed(piece)] == wanted


def test_a_line_over_the_bound_ends_the_watch_before_it_is_whole() -> None:
    splitter = LineSplitter(10)
    assert list(splitter.feed(b"1234567890")) == []
    with pytest.raises(WatchBroken, match="over 10 bytes"):
        list(splitter.feed(b"1"))


@pytest.mark.parametrize("kind", ["ADDED", "MODIFIED", "DELETED"])
def test_a_change_has_its_name_version_and_document(kind: str) -> None:
    document = {"metadata": {"name": "a", "resourceVersion": "7"}, "other": [1]}
    event = read_event(line(kind, document))
    assert (event.type, event.name, event.version, event.document) == (kind, "a", "7", document)


def test_a_bookmark_only_moves_the_version() -> None:
    event = read_event(line("BOOKMARK", {"metadata": {"resourceVersion": "9"}}))
    assert (event.version, event.document) == ("9", None)


def test_an_expired_version_is_told_apart_from_other_errors() -> None:
    with pytest.raises(VersionExpired):
        read_event(line("ERROR", {"code": 410, "message": "too old resource version"}))
    with pytest.raises(WatchBroken, match="500: etcd"):
        read_event(line("ERROR", {"code": 500, "message": "etcd"}))


@pytest.mark.parametrize(
    "garbage",
    [
        b"{",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'{"type":"ADDED"}',
        b'{"type":"ELSE","object":{"metadata":{"name":"a"}}}',
        b'{"type":"ADDED","object":{"metadata":{}}}',
        b'{"type":"ADDED","object":{"metadata":{"name":7}}}',
        b'{"type":"ADDED","object":"text"}',
    ],
)
def test_garbage_is_no_event(garbage: bytes) -> None:
    with pytest.raises(WatchBroken):
        read_event(garbage)


def test_pages_follow_each_other() -> None:
    page = read_page(
        b'{"metadata":{"resourceVersion":"5","continue":"t"},"items":[{"metadata":{"name":"a"}}]}'
    )
    assert (page.version, page.next_page, list(page.documents)) == ("5", "t", ["a"])
    assert read_page(b'{"metadata":{"resourceVersion":"5"},"items":null}').documents == {}


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"<html>",
        b'{"items":[]}',
        b'{"metadata":{},"items":[]}',
        b'{"metadata":{"resourceVersion":"5"},"items":[{}]}',
        b'{"metadata":{"resourceVersion":"5"},"items":[{"metadata":null}]}',
        b'{"metadata":{"resourceVersion":"5"},"items":[7]}',
    ],
)
def test_garbage_is_no_list(garbage: bytes) -> None:
    with pytest.raises(WatchBroken):
        read_page(garbage)

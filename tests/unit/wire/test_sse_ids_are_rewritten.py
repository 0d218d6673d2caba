"""The relay of a stream whose event ids change: every other byte passes as it is, at once."""

import itertools
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from moorage_wire.sse import EventTooLarge, SseIdRewriter, SseReader


def sealed(event_id: bytes) -> bytes:
    return b"<" + event_id + b">"


def relay_by_lines(stream: bytes) -> bytes:
    """What the whole relay must come to, line by line."""
    mark = b"\xef\xbb\xbf" if stream.startswith(b"\xef\xbb\xbf") else b""
    lines = re.findall(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", stream.removeprefix(mark))
    return mark + b"".join(map(relay_line, lines))


def relay_line(line: bytes) -> bytes:
    found = re.fullmatch(rb"(id: ?)([^\r\n]*)([\r\n]*)", line)
    if found is None:
        return line
    field, value, end = found.groups()
    if not end:
        return b""  # a field that did not end is nothing yet
    if b"\0" in value:
        return b":" + bytes(end)  # clients ignore such a field, as they do a comment
    return bytes(field) + (sealed(value) if value else b"") + bytes(end)


def held_back(stream: bytes) -> bytes:
    """The end of a stream that may still become an id field, with a mark before it."""
    if b"\xef\xbb\xbf".startswith(stream):
        return stream
    text = stream.removeprefix(b"\xef\xbb\xbf")
    last = re.split(rb"[\r\n]", text)[-1]
    if last in (b"i", b"id") or last.startswith(b"id:"):
        return stream if last == text else last
    return b""


parts = st.sampled_from(
    [
        b"id: 7", b"id:7", b"id: ", b"id:", b"id", b"i", b"d", b"id: a\0b", b"id:  8", b"id :9",
        b"ID: 1", b"idx: 1", b" id: 1", b"data: id: 3", b"data: x", b"event: message", b": id: 4",
        b":", b"retry: 5", b"\xef\xbb\xbf", b"\xef", b"\n", b"\n\n", b"\r\n", b"\r\n\r\n", b"\r",
        b"id: 7\n", b"id: 7\ndata: y\n\n", b"data: z\r\n\r\n", b"id: 9\r\ndata: z\r\n\r\n",
        b"data: y\rid: 5\n\n", b"id: a\0b\ndata: y\n\n", b"id: a\0b\r", b"data: y\n\n",
    ]
)  # fmt: skip
chunkings = st.lists(st.lists(parts, max_size=4).map(b"".join), max_size=10)


@settings(deadline=None, max_examples=300)
@given(chunks=chunkings)
@example(chunks=[b"id: a\0b\r", b"\ndata: x\r\n\r\n"])
@example(chunks=[b"data: x\n", b"\nid: 1\rid: 2\r\n\n"])
@example(chunks=[b"data: x\n\n", b"id: a\0b\rdata: y\r", b"\n\n"])
@example(chunks=[b"id: a\0b\n\xef\xbb\xbfid: 7\n\n"])
@example(chunks=[b"\xef\xbb\xbfid: 7\n\n"])
@example(chunks=[b"data: x\n\n", b"\xef\xbb\xbfid: 7\n\n"])
def test_every_chunking_relays_the_same_bytes_as_soon_as_they_are_no_id(
    chunks: list[bytes],
) -> None:
    rewriter = SseIdRewriter(sealed, max_line_bytes=1000)
    stream, out = b"", b""
    for chunk in chunks:
        stream += chunk
        out += rewriter.feed(chunk)
        assert out == relay_by_lines(stream[: len(stream) - len(held_back(stream))])


@settings(deadline=None, max_examples=200)
@given(chunks=chunkings)
def test_a_boundary_is_where_what_went_out_has_no_open_event(chunks: list[bytes]) -> None:
    rewriter = SseIdRewriter(sealed, max_line_bytes=1000)
    out = b""
    for chunk in chunks:
        out += rewriter.feed(chunk)
        *lines, unended = re.split(rb"\r\n|\r|\n", out.removeprefix(b"\xef\xbb\xbf"))
        since_blank = itertools.takewhile(bool, reversed(lines))
        open_fields = [line for line in since_blank if not line.startswith(b":")]
        assert rewriter.at_boundary == (not unended and not open_fields)


@settings(deadline=None, max_examples=200)
@given(chunks=chunkings)
def test_clients_read_the_same_events_with_sealed_ids(chunks: list[bytes]) -> None:
    rewriter = SseIdRewriter(sealed, max_line_bytes=1000)
    out = b"".join(map(rewriter.feed, chunks))
    before, after = SseReader().feed(b"".join(chunks)), SseReader().feed(out)
    assert [(e.data, e.event, e.retry_milliseconds) for e in before] == [
        (e.data, e.event, e.retry_milliseconds) for e in after
    ]
    assert [e.event_id and sealed(e.event_id) for e in before] == [e.event_id for e in after]
    assert rewriter.last_id_seen == (b"<" in out)


def test_an_event_without_id_goes_out_as_the_same_object() -> None:
    rewriter = SseIdRewriter(sealed, max_line_bytes=100)
    rewriter.feed(b": hello\n\n")
    event = b"event: message\r\ndata: {}\r\n\r\n"
    assert rewriter.feed(event) is event
    assert rewriter.at_boundary


def test_only_a_beginning_id_field_is_held_back() -> None:
    rewriter = SseIdRewriter(sealed, max_line_bytes=100)
    sent = [rewriter.feed(part) for part in (b"i", b"d", b":", b" 1", b"\n", b"da", b"ta: x\n")]
    assert sent == [b"", b"", b"", b"", b"id: <1>\n", b"da", b"ta: x\n"]
    assert rewriter.feed(b"i") == b""
    assert rewriter.feed(b"x: 1") == b"ix: 1"


def test_nothing_of_an_event_is_out_while_its_id_is_held_back() -> None:
    rewriter = SseIdRewriter(sealed, max_line_bytes=100)
    assert rewriter.feed(b"data: x\n\nid: 1") == b"data: x\n\n"
    assert rewriter.at_boundary
    assert rewriter.feed(b"\n") == b"id: <1>\n"
    assert not rewriter.at_boundary
    assert rewriter.feed(b"\n") == b"\n"
    assert rewriter.at_boundary


def test_an_empty_id_is_not_the_last_id() -> None:
    rewriter = SseIdRewriter(sealed, max_line_bytes=100)
    assert rewriter.feed(b"id: \nid\ndata: x\n\n") == b"id: \nid\ndata: x\n\n"
    assert not rewriter.last_id_seen
    rewriter.feed(b"id: 1\n\n")
    assert rewriter.last_id_seen


@pytest.mark.parametrize(
    "chunks", [[b"id: 123456\r\n\r\n"], [b"id: 123456", b"\r", b"\n\r\n"], [b"id: 123456\r"]]
)
@pytest.mark.parametrize("before", [b"", b"data: x\n\n"])
def test_an_id_line_of_exactly_its_bound_passes(before: bytes, chunks: list[bytes]) -> None:
    rewriter = SseIdRewriter(sealed, max_line_bytes=10)
    rewriter.feed(before)
    assert b"id: <123456>" in b"".join(map(rewriter.feed, chunks))


@pytest.mark.parametrize("chunks", [[b"id: 1234567\n\n"], [b"id: 12", b"34567"], [b"id: 1234567"]])
@pytest.mark.parametrize("before", [b"", b"data: x\n\n"])
def test_an_id_line_past_its_bound_is_refused(before: bytes, chunks: list[bytes]) -> None:
    rewriter = SseIdRewriter(sealed, max_line_bytes=10)
    rewriter.feed(before)
    with pytest.raises(EventTooLarge) as refusal:
        for chunk in chunks:
            rewriter.feed(chunk)
    assert refusal.value.limit_bytes == 10


@pytest.mark.parametrize(
    "chunks",
    [
        [b"data: 12345678901234567890\n\n"],
        [b"data: 1234567890", b"1234567890"],
        [b"data: 1\n"] * 3,
        [b"data: x\n\ndata: 12345678901234567890\n\n"],
        [b"data: x\n\n", b"data: 12345678901234567890\n\n"],
        [b"id", b": 1234567890", b"1234567890"],
    ],
)
def test_an_event_past_its_bound_is_refused(chunks: list[bytes]) -> None:
    rewriter = SseIdRewriter(sealed, max_line_bytes=100, max_event_bytes=20)
    with pytest.raises(EventTooLarge) as refusal:
        for chunk in chunks:
            rewriter.feed(chunk)
    assert refusal.value.limit_bytes == 20


def test_many_small_events_and_keep_alives_are_no_large_event() -> None:
    rewriter = SseIdRewriter(sealed, max_line_bytes=20, max_event_bytes=20)
    assert rewriter.feed(b"data: 1\n\n" * 50) == b"data: 1\n\n" * 50
    for _ in range(50):
        assert rewriter.feed(b": keep-alive\n") == b": keep-alive\n"
    assert rewriter.at_boundary
    assert rewriter.feed(b"data: 1\n\n") == b"data: 1\n\n"


def test_what_came_before_a_too_long_id_in_the_same_chunk_may_go_out() -> None:
    rewriter = SseIdRewriter(sealed)
    rewriter.feed(b"data: first\n\n")
    with pytest.raises(EventTooLarge) as refusal:
        rewriter.feed(b"data: earlier\n\nid: " + b"x" * 20_000 + b"\ndata: late\n\n")

    assert refusal.value.before == b"data: earlier\n\n"

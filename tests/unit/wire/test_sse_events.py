"""Writing server-sent events, and cutting a stream into them as a browser would."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from moorage_wire.sse import (
    EventTooLarge,
    SseEvent,
    SseReader,
    encode_comment,
    encode_event,
)


def events_of(stream: bytes, **bounds: int) -> list[SseEvent]:
    return SseReader(**bounds).feed(stream)


def test_an_event_is_written_with_line_feeds() -> None:
    written = encode_event(b"{}", event=b"message", event_id=b"e1", retry_milliseconds=500)
    assert written == b"id: e1\nevent: message\nretry: 500\ndata: {}\n\n"


@pytest.mark.parametrize("data", [b"a\nb", b"a\r\nb", b"a\rb"])
def test_each_line_of_data_gets_its_own_field(data: bytes) -> None:
    assert encode_event(data) == b"data: a\ndata: b\n\n"


def test_a_priming_event_is_an_id_with_empty_data() -> None:
    written = encode_event(b"", event_id=b"e1", retry_milliseconds=100)
    assert written == b"id: e1\nretry: 100\ndata: \n\n"
    assert events_of(written) == [SseEvent(b"", None, b"e1", 100)]


def test_a_comment_is_no_event() -> None:
    assert encode_comment(b"ping") == b": ping\n\n"
    assert encode_comment(b"two\nlines") == b": two\n: lines\n\n"
    assert events_of(encode_comment(b"data: x")) == []


@pytest.mark.parametrize("value", [b"a\nb", b"a\rb", b"a\0b"])
def test_no_field_can_be_smuggled_into_a_name_or_an_id(value: bytes) -> None:
    with pytest.raises(ValueError, match="neither line ends nor NUL"):
        encode_event(b"", event=value)
    with pytest.raises(ValueError, match="neither line ends nor NUL"):
        encode_event(b"", event_id=value)


@settings(deadline=None, max_examples=150)
@given(
    data=st.binary(max_size=20),
    event=st.one_of(st.none(), st.sampled_from([b"message", b"endpoint", b""])),
    event_id=st.one_of(st.none(), st.sampled_from([b"1", b": x", b""])),
    retry=st.one_of(st.none(), st.integers(0, 10**9)),
)
def test_what_is_written_is_read_back(
    data: bytes, event: bytes | None, event_id: bytes | None, retry: int | None
) -> None:
    written = encode_event(data, event=event, event_id=event_id, retry_milliseconds=retry)
    normal = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    assert events_of(written) == [SseEvent(normal, event, event_id, retry)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_kind_of_line_end_ends_a_line(end: bytes) -> None:
    lines = [b"id: 1", b"data: a", b"data:b", b"data", b"", b"data:  c", b"", b""]
    assert events_of(end.join(lines)) == [SseEvent(b"a\nb\n", None, b"1"), SseEvent(b" c")]


@pytest.mark.parametrize(
    ("lines", "event"),
    [
        (b"data: a\ndata: b", SseEvent(b"a\nb")),
        (b"\xef\xbb\xbfdata: a", SseEvent(b"a")),
        (b"id", SseEvent(b"", None, b"")),
        (b"id: a\0b\ndata: x", SseEvent(b"x")),
        (b"id: 1\nid: 2\ndata: x", SseEvent(b"x", None, b"2")),
        (b"retry: 1x\ndata: x", SseEvent(b"x")),
        (b"retry: -1\ndata: x", SseEvent(b"x")),
        (b"retry: " + b"9" * 5000 + b"\ndata: x", SseEvent(b"x")),
        (b"retry: 15\ndata: x", SseEvent(b"x", None, None, 15)),
        (b"ID: 1\nDATA: y\ndata : z\nunknown: 1\ndata: x", SseEvent(b"x")),
        (b": comment\ndata: x", SseEvent(b"x")),
        (b"event: endpoint\ndata: /m?s=1", SseEvent(b"/m?s=1", b"endpoint")),
    ],
)
def test_fields_are_read_by_the_standard(lines: bytes, event: SseEvent) -> None:
    assert events_of(lines + b"\n\n") == [event]


def test_an_event_is_given_at_its_blank_line_only() -> None:
    reader = SseReader()
    assert reader.at_boundary
    assert reader.feed(b"data: a") == []
    assert not reader.at_boundary
    assert reader.feed(b"\n") == []
    assert not reader.at_boundary
    assert reader.feed(b"\n") == [SseEvent(b"a")]
    assert reader.at_boundary
    assert reader.feed(b": ping\n") == []
    assert reader.at_boundary


def test_blank_lines_and_unknown_fields_make_no_event() -> None:
    assert events_of(b"\n\n\r\n\r\r: c\n\nunknown: 1\n\n") == []


parts = st.sampled_from(
    [
        b"data: a", b"data:", b"id: 7", b"id", b"retry: 5", b"event: e", b": c", b"x",
        b"\xef\xbb\xbf", b"\n", b"\n\n", b"\r\n", b"\r\n\r\n", b"\r",
    ]
)  # fmt: skip


@settings(deadline=None, max_examples=200)
@given(chunks=st.lists(st.lists(parts, max_size=4).map(b"".join), max_size=10))
@example(chunks=[b"data: a\r", b"\ndata: b\r\n\r\n"])
@example(chunks=[b"data: a\r\n\r", b"", b"\n\xef\xbb\xbfdata: b\n\n"])
def test_every_chunking_and_line_end_gives_the_same_events(chunks: list[bytes]) -> None:
    reader = SseReader()
    read = [event for chunk in chunks for event in reader.feed(chunk)]
    assert read == events_of(re.sub(rb"\r\n|\r", b"\n", b"".join(chunks)))


def test_an_event_past_its_bound_is_refused_before_it_ends() -> None:
    assert events_of(b"data: 1234\n\n" * 3, max_event_bytes=12)
    for chunks in ([b"data: 12345\n\n"], [b"data: 12", b"345678"], [b"data: 1\n", b"data: 2\n"]):
        reader = SseReader(max_event_bytes=12)
        with pytest.raises(EventTooLarge, match="larger than 12 bytes") as refusal:
            for chunk in chunks:
                reader.feed(chunk)
        assert refusal.value.limit_bytes == 12


def test_keep_alives_do_not_add_up_to_a_large_event() -> None:
    reader = SseReader(max_event_bytes=20)
    for _ in range(100):
        assert reader.feed(b": keep-alive\n") == []
    assert reader.feed(b"data: a\n\n") == [SseEvent(b"a")]

"""Lines of a stdio server's stdout: whole and bounded."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moorage_wire.stdio import LineReader, LineTooLong


def test_lines_come_without_their_newline_and_empty_ones_are_left_out() -> None:
    reader = LineReader(max_line_bytes=100)
    assert reader.feed(b"one\ntwo\r\n\n\r\nthr") == [b"one", b"two"]
    assert reader.feed(b"ee\n") == [b"three"]


def test_a_carriage_return_inside_a_line_stays() -> None:
    assert LineReader(max_line_bytes=100).feed(b"a\rb\n") == [b"a\rb"]


def test_crlf_may_be_split_between_chunks() -> None:
    reader = LineReader(max_line_bytes=100)
    assert reader.feed(b"one\r") == []
    assert reader.feed(b"\ntwo\r\n") == [b"one", b"two"]


@settings(deadline=None, max_examples=150)
@given(
    lines=st.lists(st.binary(max_size=12).filter(lambda line: b"\n" not in line), max_size=8),
    cuts=st.lists(st.integers(0, 100), max_size=6),
)
def test_every_chunking_gives_the_same_lines(lines: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    expected = [line.removesuffix(b"\r") for line in lines]
    reader = LineReader(max_line_bytes=12)
    read: list[bytes] = []
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    for start, end in itertools.pairwise(edges):
        read += reader.feed(stream[start:end])
    assert read == [line for line in expected if line]


def test_a_line_of_exactly_the_limit_passes_with_either_line_end() -> None:
    reader = LineReader(max_line_bytes=4)
    assert reader.feed(b"abcd\nabcd\r\n") == [b"abcd", b"abcd"]
    assert reader.feed(b"abcd\r") == []
    assert reader.feed(b"\n") == [b"abcd"]


@pytest.mark.parametrize("chunks", [[b"abcde\n"], [b"abc", b"de\n"], [b"abcdef"], [b"abc", b"def"]])
def test_a_line_past_the_limit_is_refused_whether_it_ends_or_not(chunks: list[bytes]) -> None:
    reader = LineReader(max_line_bytes=4)
    with pytest.raises(LineTooLong, match="longer than 4 bytes") as refusal:
        for chunk in chunks:
            reader.feed(chunk)
    assert refusal.value.limit_bytes == 4

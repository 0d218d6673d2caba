"""A remembered head is only ever given for a head that says the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage_wire.head_memory import HeadMemory
from moorage_wire.heads import HeadRefusal, RequestHead, read_answer_head, read_head

HEAD = [(b"Host", b"localhost"), (b"Content-Length", b"5"), (b"Mcp-Session-Id", b"one")]
Headers = list[tuple[bytes, bytes]]


def memory_of_heads() -> HeadMemory[RequestHead]:
    return HeadMemory(lambda headers: read_head(tuple(headers)))


def test_the_length_alone_makes_no_other_head() -> None:
    memory = memory_of_heads()
    first = memory.read(list(HEAD))
    again = memory.read([HEAD[0], (b"Content-Length", b"7"), HEAD[2]])
    assert again is first
    assert b"content-length" not in again.forward


def test_another_session_makes_a_head_that_differs_in_it_alone() -> None:
    memory = memory_of_heads()
    first = memory.read(list(HEAD))
    for name in (b"two", b"six", b"one"):
        other = memory.read([HEAD[0], HEAD[1], (b"mcp-session-id", name)])
        assert other == read_head((*HEAD[:2], (b"Mcp-Session-Id", name)))
        assert (other == first) == (name == b"one")


@pytest.mark.parametrize("wrong", [b"", b"o e", b"o\te", b"\xc3\xbc1", b"o\x00e", b"o\re", b"o\ne"])
def test_a_session_id_that_is_none_is_refused_behind_a_remembered_head_too(wrong: bytes) -> None:
    memory = memory_of_heads()
    memory.read(list(HEAD))
    for _ in range(2):
        with pytest.raises(HeadRefusal):
            memory.read([HEAD[0], HEAD[1], (b"Mcp-Session-Id", wrong)])


@pytest.mark.parametrize("length", [b"0" * 15 + b"5", b"0" * 76_384 + b"5", b"+5", b"", b"5,5"])
def test_a_length_that_is_none_is_refused_behind_a_remembered_head_too(length: bytes) -> None:
    headers = [HEAD[0], (b"Content-Length", length), HEAD[2]]
    requests, answers = memory_of_heads(), HeadMemory(read_answer_head)
    requests.read(list(HEAD))
    answers.read(list(HEAD[1:]))
    for _ in range(2):
        with pytest.raises(HeadRefusal):
            requests.read(list(headers))
        with pytest.raises(HeadRefusal):
            answers.read(list(headers[1:]))


def test_a_longer_session_id_counts_for_the_size_of_the_head() -> None:
    memory = HeadMemory(lambda headers: read_head(tuple(headers), max_header_bytes=100))
    memory.read(list(HEAD))
    with pytest.raises(HeadRefusal, match="over 100 bytes"):
        memory.read([HEAD[0], HEAD[1], (b"Mcp-Session-Id", b"x" * 90)])


_names = st.sampled_from([b"Host", b"Content-Length", b"Mcp-Session-Id", b"mcp-session-id", b"X-A"])
_values = st.sampled_from([b"one", b"two", b"5", b"77", b"three", b"a b", b"", b"\x01", b"\xff"])
_heads = st.lists(st.tuples(_names, _values), max_size=4)


@given(st.lists(_heads, min_size=2, max_size=6))
def test_with_a_memory_heads_read_as_without_one(heads: list[Headers]) -> None:
    memory = memory_of_heads()
    for headers in heads:
        try:
            expected = read_head(tuple(headers))
        except HeadRefusal:
            with pytest.raises(HeadRefusal):
                memory.read(list(headers))
            continue
        read = memory.read(list(headers))
        assert read == expected


@given(st.lists(_heads, min_size=2, max_size=6))
def test_answers_heads_too(heads: list[Headers]) -> None:
    memory = HeadMemory(read_answer_head)
    for headers in heads:
        try:
            expected = read_answer_head(headers)
        except HeadRefusal:
            with pytest.raises(HeadRefusal):
                memory.read(list(headers))
            continue
        assert memory.read(list(headers)) == expected


@pytest.mark.parametrize(
    "other",
    [
        [HEAD[0], HEAD[1]],
        [*HEAD, (b"Mcp-Name", b"x")],
        [HEAD[2], HEAD[1], HEAD[0]],
    ],
)
def test_any_other_difference_makes_another_head(other: Headers) -> None:
    memory = memory_of_heads()
    first = memory.read(list(HEAD))
    second = memory.read(other)
    assert second is not first
    assert second == read_head(tuple(other))


def test_a_refused_head_is_refused_again() -> None:
    memory = memory_of_heads()
    memory.read(list(HEAD))
    for _ in range(2):
        with pytest.raises(HeadRefusal):
            memory.read([*HEAD, HEAD[2]])

"""A remembered head is only ever given for a head that says the same."""

import pytest

from moorage_wire.head_memory import HeadMemory
from moorage_wire.heads import HeadRefusal, RequestHead, read_head

HEAD = [(b"Host", b"localhost"), (b"Content-Length", b"5"), (b"Mcp-Session-Id", b"one")]


def memory_of_heads() -> HeadMemory[RequestHead]:
    return HeadMemory(lambda headers: read_head(tuple(headers)))


def test_the_length_alone_makes_no_other_head() -> None:
    memory = memory_of_heads()
    first = memory.read(list(HEAD), 1)
    again = memory.read([HEAD[0], (b"Content-Length", b"77"), HEAD[2]], 1)
    assert again is first
    assert b"content-length" not in again.forward


@pytest.mark.parametrize(
    "other",
    [
        [HEAD[0], HEAD[1], (b"Mcp-Session-Id", b"two")],
        [HEAD[0], HEAD[1]],
        [*HEAD, (b"Mcp-Name", b"x")],
        [HEAD[2], HEAD[1], HEAD[0]],
    ],
)
def test_any_other_difference_does(other: list[tuple[bytes, bytes]]) -> None:
    memory = memory_of_heads()
    first = memory.read(list(HEAD), 1)
    second = memory.read(other, 1)
    assert second is not first
    assert second.session_id == dict(other).get(b"Mcp-Session-Id", b"").decode() or (
        second.session_id is None
    )


def test_a_refused_head_is_refused_again() -> None:
    memory = memory_of_heads()
    memory.read(list(HEAD), 1)
    for _ in range(2):
        with pytest.raises(HeadRefusal):
            memory.read([*HEAD, HEAD[2]], 1)

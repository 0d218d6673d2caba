"""JSON-RPC batches: bounded, and each element read as strictly as a lone message."""

import pytest

from moorage_wire.jsonrpc import MAX_BATCH_MESSAGES, MalformedMessage, Message, read_body

PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
NOTE = b'{"jsonrpc": "2.0", "method": "note"}'


def batch(*elements: bytes) -> bytes:
    return b"[" + b",".join(elements) + b"]"


def test_a_lone_message_is_no_batch() -> None:
    message = read_body(b"\n " + PING)
    assert isinstance(message, Message)
    assert message.encode() == PING


def test_elements_come_in_order() -> None:
    messages = read_body(b" \r\n" + batch(PING, NOTE))
    assert isinstance(messages, tuple)
    assert [message.method for message in messages] == ["ping", "note"]
    assert [message.encode() for message in messages] == [PING, NOTE.replace(b" ", b"")]


def test_a_batch_of_the_largest_size_is_read() -> None:
    messages = read_body(batch(*[PING] * MAX_BATCH_MESSAGES))
    assert isinstance(messages, tuple)
    assert len(messages) == MAX_BATCH_MESSAGES


@pytest.mark.parametrize(
    ("body", "reason", "path"),
    [
        (b"[]", "EmptyBatch", ""),
        (b" [ ] ", "EmptyBatch", ""),
        (batch(*[PING] * (MAX_BATCH_MESSAGES + 1)), "BatchTooLong", ""),
        (batch(PING, b"1"), "NotAnObject", "[1]"),
        (batch(batch(PING)), "NotAnObject", "[0]"),
        (batch(PING, PING[:-1] + b',"id":2}'), "DuplicateMember", "[1].id"),
        (batch(PING)[:-1], "NotJson", ""),
        (batch(PING) + b"x", "NotJson", ""),
        (b"[" * 65 + b"]" * 65, "TooDeep", ""),
        (b"[1e400]", "NumberOutOfRange", ""),
        (b"[\xff]", "NotUtf8", ""),
    ],
)
def test_bad_batches_are_refused_by_name(body: bytes, reason: str, path: str) -> None:
    with pytest.raises(MalformedMessage) as refusal:
        read_body(body)
    assert (refusal.value.reason, refusal.value.path) == (reason, path)

"""However a client cuts its frames, what is held of them is known; in the end nothing is left."""

import random

import pytest

from moorage_operator.running.report_channel.message_sizes import OBJECT_BYTES, MessageSizes

TEXT, PONG = 0x81, 0x8A


def frame(first: int, size: int, *, masked: bool = True) -> bytes:
    mask = 0x80 if masked else 0
    if size < 126:
        head = bytes((first, mask | size))
    elif size < 65_536:
        head = bytes((first, mask | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, mask | 127)) + size.to_bytes(8, "big")
    return head + (bytes(4) if masked else b"") + bytes(size)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 300_000])
@pytest.mark.parametrize("masked", [True, False])
def test_a_whole_message_is_held_until_it_is_done(size: int, masked: bool) -> None:
    sizes, sent = MessageSizes(), frame(TEXT, size, masked=masked)
    sizes.feed(sent)
    assert sizes.held == len(sent) + 2 * OBJECT_BYTES
    sizes.done()
    assert sizes.held == 0


@pytest.mark.parametrize("seed", range(20))
def test_any_cut_counts_each_byte_and_leaves_nothing(seed: int) -> None:
    rng = random.Random(seed)
    sizes, stream, messages = MessageSizes(), b"", 0
    for _ in range(30):
        parts = rng.randrange(1, 4)
        for part in range(parts):
            last, first = part == parts - 1, part == 0
            opcode = (0x80 if last else 0) | (0x01 if first else 0)
            stream += frame(opcode, rng.choice((0, 1, 125, 126, 700, 70_000)))
            stream += frame(PONG, 0) if rng.random() < 0.3 and not last else b""
        messages += 1
    at = reads = 0
    while at < len(stream):
        size = rng.choice((1, 2, 3, 13, 5_000, 100_000))
        sizes.feed(stream[at : at + size])
        at, reads = at + size, reads + 1
        assert sizes.held >= min(at, len(stream)) + reads * OBJECT_BYTES
    for _ in range(messages):
        assert sizes.held > 0
        sizes.done()
    assert sizes.held == 0


def test_what_is_not_whole_is_held_on() -> None:
    sizes, whole = MessageSizes(), frame(TEXT, 70_000)
    sizes.feed(frame(TEXT, 10) + whole[:14])
    sizes.done()
    assert sizes.held == len(whole)


def test_a_payload_that_is_refused_unread_is_not_counted() -> None:
    sizes = MessageSizes()
    sizes.feed(bytes((TEXT, 0x80 | 127)) + (2**62).to_bytes(8, "big") + bytes(4))
    assert sizes.held == OBJECT_BYTES + 14


def test_pongs_are_held_until_the_next_message_is_done() -> None:
    sizes = MessageSizes()
    for _ in range(10):
        sizes.feed(frame(PONG, 0))
    assert sizes.held == 10 * (6 + 2 * OBJECT_BYTES)
    sizes.feed(frame(TEXT, 10))
    sizes.done()
    assert sizes.held == 0

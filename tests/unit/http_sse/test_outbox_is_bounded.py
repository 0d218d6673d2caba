"""What waits for a stream is bounded by telling its feeder to stop; nothing is dropped."""

import asyncio

import pytest

from moorage_gateway.errors import OutcomeUnknown
from moorage_gateway.relaying.http_sse.outbox import MAX_BYTES, MAX_MESSAGES, Outbox


async def test_everything_put_is_taken_in_order() -> None:
    outbox = Outbox()
    for number in range(5):
        outbox.put(b"%d" % number)
    assert await outbox.take(1) == [b"0", b"1", b"2", b"3", b"4"]


async def test_a_taker_that_waits_is_woken() -> None:
    outbox = Outbox()
    waiting = asyncio.ensure_future(outbox.take(5))
    await asyncio.sleep(0)
    outbox.put(b"x")
    assert await waiting == [b"x"]


@pytest.mark.parametrize(("count", "size"), [(MAX_MESSAGES, 1), (1, MAX_BYTES)])
async def test_it_is_full_at_either_bound_and_tells_when_there_is_room(
    count: int, size: int
) -> None:
    told: list[bool] = []
    outbox = Outbox(on_room=lambda: told.append(outbox.full))
    for number in range(count):
        assert not outbox.full, number
        outbox.put(b"x" * size)
    assert outbox.full
    await outbox.take(1)
    assert told == [False]


async def test_there_is_no_news_of_room_where_it_was_never_full() -> None:
    outbox = Outbox(on_room=lambda: pytest.fail("it was not full"))
    outbox.put(b"x")
    assert await outbox.take(1) == [b"x"]


async def test_what_waited_at_the_close_is_still_taken_and_then_nothing() -> None:
    outbox = Outbox()
    outbox.put(b"last")
    outbox.close()
    outbox.put(b"too late")
    assert await outbox.take(1) == [b"last"]
    assert await outbox.take(1) == []


async def test_a_failure_comes_after_what_waited() -> None:
    outbox = Outbox()
    outbox.put(b"last")
    outbox.close(OutcomeUnknown("gone"))
    assert await outbox.take(1) == [b"last"]
    with pytest.raises(OutcomeUnknown):
        await outbox.take(1)


async def test_silence_is_told_apart_from_the_end() -> None:
    with pytest.raises(TimeoutError):
        await Outbox().take(0.01)

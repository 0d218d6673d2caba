"""What waits for one reader: bounded, with patience for a reader that keeps up."""

import asyncio

import pytest

from moorage_sidecar.outbox import Delivery, Outbox, ReaderStalled


def delivery(text: str) -> Delivery:
    return Delivery(text.encode())


async def test_messages_come_out_in_order_and_then_the_end() -> None:
    outbox = Outbox(1000, 1)
    for text in ("a", "b"):
        await outbox.put(delivery(text))
    outbox.close()

    assert [await outbox.get() for _ in range(3)] == [delivery("a"), delivery("b"), None]


async def test_a_writer_waits_until_half_is_taken() -> None:
    outbox = Outbox(10, 5)
    for _ in range(3):
        await outbox.put(delivery("xxxx"))
    waiting = asyncio.create_task(outbox.put(delivery("last")))

    await outbox.get()
    await asyncio.sleep(0.01)
    assert not waiting.done()
    await outbox.get()
    await asyncio.wait_for(waiting, 1)

    assert [await outbox.get(), await outbox.get()] == [delivery("xxxx"), delivery("last")]


async def test_a_reader_that_takes_nothing_has_stalled() -> None:
    outbox = Outbox(1, 0.02)
    await outbox.put(delivery("xx"))

    with pytest.raises(ReaderStalled):
        await outbox.put(delivery("y"))


async def test_closing_frees_a_waiting_writer_and_forgets_its_message() -> None:
    outbox = Outbox(1, 5)
    await outbox.put(delivery("xx"))
    waiting = asyncio.create_task(outbox.put(delivery("y")))
    await asyncio.sleep(0)
    outbox.close()
    await asyncio.wait_for(waiting, 1)

    assert [await outbox.get(), await outbox.get()] == [delivery("xx"), None]


async def test_silence_is_told_after_its_time() -> None:
    with pytest.raises(TimeoutError):
        await Outbox(10, 1).get(0.01)


async def test_last_words_find_room_in_a_full_outbox() -> None:
    outbox = Outbox(1, 1)
    await outbox.put(delivery("xx"))
    outbox.put_now(delivery("bye"))
    outbox.close()

    assert [await outbox.get(), await outbox.get()] == [delivery("xx"), delivery("bye")]

"""A namespace's many connections make its own pods wait, and nobody else's."""

import asyncio
import contextlib

import pytest

from moorage_operator.running.report_channel.row import Row

CROWD = 40
AGAIN_SECONDS = 0.02


async def nothing() -> None:
    """No connection to keep."""


async def come(row: Row, served: list[str], namespace: str) -> None:
    await row.come(namespace, AGAIN_SECONDS, nothing)
    served.append(namespace)
    await asyncio.sleep(0.005)
    row.leave()


async def test_one_that_comes_behind_a_crowd_is_served_when_each_namespace_was() -> None:
    row, served = Row(), list[str]()
    crowds = [f"hostile-{number}" for number in range(6) for _ in range(CROWD)]
    tasks = [asyncio.create_task(come(row, served, each)) for each in crowds]
    await asyncio.sleep(10 * AGAIN_SECONDS)  # many have waited longer than they are kept for
    before = len(served)
    tasks.append(asyncio.create_task(come(row, served, "honest")))
    await asyncio.gather(*tasks)

    assert served.index("honest") - before <= 7
    assert len(served) == 6 * CROWD + 1


async def test_within_a_namespace_who_came_first_goes_first() -> None:
    row, order = Row(), list[int]()

    async def numbered(number: int) -> None:
        await row.come("one", AGAIN_SECONDS, nothing)
        order.append(number)
        await asyncio.sleep(AGAIN_SECONDS)
        row.leave()

    await asyncio.gather(*(numbered(number) for number in range(8)))

    assert order == list(range(8))


async def test_who_waits_is_kept_and_does_not_lose_its_place() -> None:
    row, kept = Row(), list[bool]()
    await row.come("one", AGAIN_SECONDS, nothing)

    async def keep() -> None:
        kept.append(True)

    waiting = asyncio.create_task(row.come("two", AGAIN_SECONDS, keep))
    await asyncio.sleep(10 * AGAIN_SECONDS)
    row.leave()
    await asyncio.wait_for(waiting, 1)

    assert len(kept) > 1


@pytest.mark.parametrize("leaves_first", [False, True])
async def test_who_is_cancelled_holds_up_nobody(leaves_first: bool) -> None:
    """Also where its turn had come at that very moment."""
    row, served = Row(), list[str]()
    await row.come("one", AGAIN_SECONDS, nothing)
    gone = asyncio.create_task(come(row, served, "gone"))
    after = asyncio.create_task(come(row, served, "after"))
    await asyncio.sleep(0)
    if leaves_first:
        row.leave()
        gone.cancel()
    else:
        gone.cancel()
        await asyncio.sleep(0)
        row.leave()
    with contextlib.suppress(asyncio.CancelledError):
        await gone
    await asyncio.wait_for(after, 1)

    assert served == ["after"]


async def test_whose_connection_cannot_be_kept_leaves_the_row() -> None:
    row, served = Row(), list[str]()
    await row.come("one", AGAIN_SECONDS, nothing)

    async def broken() -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await row.come("two", AGAIN_SECONDS, broken)
    row.leave()
    await asyncio.wait_for(come(row, served, "three"), 1)

    assert served == ["three"]

"""kopf ends all tasks that began after it; told which are its own, it leaves the others alone."""

import asyncio
from typing import Any, cast

import kopf
import pytest

from moorage_operator.running.kopf_tasks import KopfTasks

KOPF_WAITS_SECONDS = 5.0


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def test_what_others_began_meanwhile_outlives_kopf_when_it_breaks() -> None:
    broken, ended = asyncio.Event(), list[str]()

    async def ends_soon() -> None:
        await asyncio.sleep(0.1)
        ended.append("of a task of kopf")

    async def begins_another() -> None:
        task = asyncio.create_task(ends_soon(), name="deep")
        await broken.wait()
        ended.append("of kopf")
        await task

    async def breaks() -> None:
        asyncio.create_task(begins_another())  # noqa: RUF006
        await broken.wait()
        raise RuntimeError("a root task of kopf broke")

    async def run() -> None:
        root = [asyncio.create_task(breaks())]
        await kopf.run_tasks(root, ignored=cast(Any, kopfs.others))

    kopfs = KopfTasks()
    watching = kopfs.start(run())
    await asyncio.sleep(0)
    other = asyncio.create_task(_for_ever())
    broken.set()
    with pytest.raises(RuntimeError, match="a root task of kopf broke"):
        await asyncio.wait_for(watching, KOPF_WAITS_SECONDS - 1)

    assert not other.done()
    assert ended == ["of kopf", "of a task of kopf"]
    other.cancel()


async def test_what_a_task_of_others_begins_is_not_kopfs() -> None:
    begun: list[asyncio.Task[None]] = []

    async def begin() -> None:
        begun.append(asyncio.create_task(_for_ever()))

    kopfs = KopfTasks()
    within = kopfs.start(begin())
    await within
    await asyncio.create_task(begin(), name="another")
    assert [task in kopfs.others for task in (within, *begun)] == [False, False, True]
    for task in begun:
        task.cancel()

"""A task that the process cannot do without ends the process when it ends."""

import asyncio
import logging

import pytest

from moorage_operator.running.stop import Stop
from moorage_operator.running.vital_tasks import VitalTasks


async def _breaks() -> None:
    raise KeyError("metadata")


async def _returns() -> None:
    return


async def _awaits_what_was_cancelled() -> None:
    future = asyncio.get_running_loop().create_future()
    future.cancel()
    await future


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def test_a_failed_task_stops_the_process_and_says_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stop = Stop()
    VitalTasks(stop).start("census", _breaks())
    await asyncio.wait_for(stop.wait(), 1)
    assert stop.exit_code == 1
    (record,) = caplog.records
    assert record.levelno == logging.CRITICAL
    assert "'census' failed: KeyError('metadata')" in record.getMessage()
    assert record.exc_info is not None


async def test_a_task_that_returns_stops_it_too(caplog: pytest.LogCaptureFixture) -> None:
    stop = Stop()
    VitalTasks(stop).start("census", _returns())
    await asyncio.wait_for(stop.wait(), 1)
    assert stop.exit_code == 1
    assert "'census' ended, which nobody asked it to" in caplog.text


async def test_a_task_that_may_be_done_stops_nothing_by_its_end() -> None:
    stop = Stop()
    tasks = VitalTasks(stop)
    tasks.start("indices", _returns(), returns=True)
    await asyncio.sleep(0.01)
    assert not stop.is_asked
    tasks.start("more indices", _breaks(), returns=True)
    await asyncio.wait_for(stop.wait(), 1)
    assert stop.exit_code == 1


async def test_a_task_that_is_cancelled_stops_it_too(caplog: pytest.LogCaptureFixture) -> None:
    stop = Stop()
    VitalTasks(stop).start("lease", _awaits_what_was_cancelled())
    await asyncio.wait_for(stop.wait(), 1)
    assert stop.exit_code == 1
    assert "'lease' was cancelled, which nobody asked for" in caplog.text


async def test_a_task_that_another_cancels_before_it_begins_stops_it_too() -> None:
    stop = Stop()
    VitalTasks(stop).start("lease", _for_ever())
    (task,) = [each for each in asyncio.all_tasks() if each.get_name() == "lease"]
    task.cancel()
    await asyncio.wait_for(stop.wait(), 1)
    assert stop.exit_code == 1


async def test_a_task_that_fails_while_it_is_ended_is_heard(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def breaks_at_its_end() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await _breaks()

    stop = Stop()
    tasks = VitalTasks(stop)
    tasks.start("census", breaks_at_its_end())
    await asyncio.sleep(0)
    await tasks.end()
    assert stop.exit_code == 1
    assert "'census' failed: KeyError('metadata')" in caplog.text


async def test_a_name_that_is_free_again_is_of_another_task() -> None:
    async def ends_late() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.02)

    stop = Stop()
    tasks = VitalTasks(stop)
    tasks.start("census", ends_late())
    await asyncio.sleep(0)
    ending = asyncio.create_task(tasks.end("census"))
    await asyncio.sleep(0)
    tasks.start("census", _for_ever())
    await ending
    assert not stop.is_asked
    await tasks.end()
    assert stop.exit_code == 0


async def test_tasks_that_are_ended_stop_nothing() -> None:
    stop = Stop()
    tasks = VitalTasks(stop)
    for name in ("one", "other"):
        tasks.start(name, _for_ever())
    await asyncio.sleep(0)
    await tasks.end("one")
    await tasks.end()
    assert not stop.is_asked
    assert stop.exit_code == 0


async def test_work_is_done_before_the_stop_or_cut_short_by_it() -> None:
    stop = Stop()
    assert await stop.until(_returns())
    asyncio.get_running_loop().call_later(0.05, stop.ask)
    assert not await asyncio.wait_for(stop.until(_for_ever()), 1)
    assert stop.exit_code == 0


async def test_work_that_fails_is_not_work_done() -> None:
    with pytest.raises(KeyError):
        await Stop().until(_breaks())

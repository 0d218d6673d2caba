"""Whatever a reconcile ends with, its worker goes on, and its key is looked at again."""

import asyncio
import time

import pytest

from moorage_operator.api.metadata import ResourceName
from moorage_operator.cluster.errors import ApiServerUnreachable
from moorage_operator.running.resource_key import ResourceKey, gateway_key
from moorage_operator.running.workers import WORKERS, Workers

KEYS = {gateway_key(ResourceName("agents", f"gateway-{number}")) for number in range(WORKERS + 2)}


@pytest.mark.parametrize(
    "error", [ApiServerUnreachable("away"), KeyError("metadata"), asyncio.CancelledError()]
)
async def test_a_reconcile_that_failed_is_done_again_by_all_workers(error: BaseException) -> None:
    tried, done, failed = set[ResourceKey](), set[ResourceKey](), set[ResourceKey]()
    all_done = asyncio.Event()

    async def reconcile(key: ResourceKey) -> None:
        if key not in tried:
            tried.add(key)
            raise error
        done.add(key)
        if done == KEYS:
            all_done.set()

    def observe(key: ResourceKey, seconds: float, well: bool) -> None:
        if not well:
            failed.add(key)

    workers = Workers(reconcile, observe, time.monotonic)
    for key in KEYS:
        workers.add(key)
    running = asyncio.create_task(workers.run())
    await asyncio.wait_for(all_done.wait(), 3)
    assert failed == KEYS
    running.cancel()
    await asyncio.wait_for(asyncio.gather(running, return_exceptions=True), 1)
    assert running.cancelled()


async def test_workers_that_are_cancelled_at_work_end() -> None:
    begun = asyncio.Event()

    async def reconcile(key: ResourceKey) -> None:
        begun.set()
        await asyncio.Event().wait()

    workers = Workers(reconcile, lambda *_: None, time.monotonic)
    running = asyncio.create_task(workers.run())
    workers.add(next(iter(KEYS)))
    await asyncio.wait_for(begun.wait(), 1)
    running.cancel()
    await asyncio.wait_for(asyncio.gather(running, return_exceptions=True), 1)
    assert running.cancelled()

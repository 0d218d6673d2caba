"""The lag gauge shows a loop that was held up."""

import asyncio
import time

from moorage_gateway.reporting.loop_lag import PERIOD_SECONDS, LoopLag


async def test_a_blocked_loop_is_seen_and_an_idle_one_is_not() -> None:
    lag = LoopLag()
    lag.start()
    await asyncio.sleep(PERIOD_SECONDS * 1.2)
    idle = lag.worst_seconds()
    await asyncio.sleep(PERIOD_SECONDS * 0.5)
    time.sleep(PERIOD_SECONDS)  # noqa: ASYNC251 - holding the loop up is the point
    await asyncio.sleep(PERIOD_SECONDS * 0.2)
    held_up = lag.worst_seconds()
    lag.stop()
    assert held_up > PERIOD_SECONDS * 0.5
    assert idle < held_up / 2


async def test_nothing_is_measured_after_the_stop() -> None:
    lag = LoopLag()
    lag.start()
    lag.stop()
    await asyncio.sleep(PERIOD_SECONDS * 1.2)
    assert lag.worst_seconds() == 0.0

"""The process's story: connect, serve health, wait for the Lease, lead, give it back."""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable
from datetime import UTC, datetime

from moorage_operator.cluster.api_client import ClusterClient, load_configuration
from moorage_operator.cluster.lease import Lease, LeaseLost
from moorage_operator.cluster.write_fence import WriteFence
from moorage_operator.running.channel_server import ChannelServer
from moorage_operator.running.health_server import start_health_server
from moorage_operator.running.leading import Leading
from moorage_operator.running.operator_metrics import OperatorMetrics
from moorage_operator.running.served_by_resources import ServedByResources
from moorage_operator.running.signals import stop_on_signals
from moorage_operator.settings import OperatorSettings

logger = logging.getLogger(__name__)

LOST_EXIT_CODE = 3


async def operate(settings: OperatorSettings) -> None:
    """Run until SIGTERM or SIGINT. Ends the process by itself only when the Lease is lost."""
    stop = asyncio.Event()
    stop_on_signals(stop)
    fence, metrics = WriteFence(time.monotonic), OperatorMetrics()
    pod, file = settings.pod, settings.file
    agent = f"moorage-operator/{pod.name}"
    free = ClusterClient(await load_configuration(), None, metrics.requested, agent)
    fenced = ClusterClient(await load_configuration(), fence, metrics.requested, agent)
    lease = Lease(free, fence, pod.namespace, pod.holder, time.monotonic, _now_text)
    serving = Serving()
    leading = Leading(settings, fenced, metrics, time.monotonic, lease.leading_since, serving.stop)
    served = ServedByResources(lambda: leading.filled_world)
    channel = ChannelServer(
        free, lease, served, leading.report_changed, pod.namespace, file.report_port
    )

    def is_ready() -> bool:
        return leading.world is not None if lease.is_leader() else lease.is_known()

    def refresh_metrics() -> None:
        metrics.leader.set(lease.is_leader())
        metrics.queue_depth.set(leading.waiting())

    health = await start_health_server(file.metrics_port, is_ready, metrics, refresh_metrics)
    serving.start(channel)
    try:
        if await _until(lease.acquire(), stop):
            holding = asyncio.create_task(_hold(lease), name="lease")
            await leading.run(channel.reports, stop)
            holding.cancel()
    finally:
        await serving.stop()
        await lease.release()
        await health.cleanup()
        await fenced.close()
        await free.close()


class Serving:
    """The report channel as a task. It stops before kopf does, which waits for all tasks."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def start(self, channel: ChannelServer) -> None:
        self._task = asyncio.create_task(channel.run(), name="report channel")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


async def _hold(lease: Lease) -> None:
    try:
        await lease.hold()
    except LeaseLost as error:
        logger.error("%s: this process ends at once", error)
        # Nothing that still runs may write; a container is started anew and waits for its turn.
        os._exit(LOST_EXIT_CODE)


async def _until(work: Awaitable[None], stop: asyncio.Event) -> bool:
    """Whether the work was done before the stop."""
    tasks = [asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    return not stop.is_set()


def _now_text() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

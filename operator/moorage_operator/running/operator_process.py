"""The process's story: connect, serve health, wait for the Lease, lead, give it back."""

import asyncio
import logging
import os
import time
from dataclasses import dataclass
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
from moorage_operator.running.stop import Stop
from moorage_operator.running.vital_tasks import VitalTasks
from moorage_operator.settings import OperatorSettings

logger = logging.getLogger(__name__)

LOST_EXIT_CODE = 3
END_SECONDS = 4.0
"""How long an orderly end may take."""


async def operate(settings: OperatorSettings) -> int:
    """Run until SIGTERM or SIGINT, or until something breaks; returns the exit code.

    Ends the process by itself when the Lease is lost, or when an orderly end takes too long.
    """
    stop = Stop()
    stop_on_signals(stop)
    late = asyncio.create_task(_end_anyway(stop))
    try:
        process = OperatorProcess(settings, stop, await _connections(settings))
        await process.run()
    except Exception as error:
        stop.fail(f"the operator failed: {error!r}", error)
    late.cancel()
    return stop.exit_code


class OperatorProcess:
    """One replica: it stands by, and leads when it gets the Lease."""

    def __init__(self, settings: OperatorSettings, stop: Stop, connections: "Connections") -> None:
        pod, file = settings.pod, settings.file
        self._connections, self._metrics = connections, connections.metrics
        self._stop, self._tasks = stop, VitalTasks(stop)
        self._metrics_port = file.metrics_port
        free, clock = connections.free, time.monotonic
        self._lease = Lease(free, connections.fence, pod.namespace, pod.holder, clock, _now_text)
        self._leading = Leading(
            settings,
            connections.fenced,
            self._metrics,
            clock,
            self._lease.leading_since,
            stop,
            self._tasks,
            lambda: self._channel.look_again(),
        )
        served = ServedByResources(lambda: self._leading.filled_world)
        on_change = self._leading.report_changed
        self._channel = ChannelServer(
            free, self._lease, served, on_change, pod.namespace, file.report_port
        )

    async def run(self) -> None:
        """Serve, wait for the Lease, lead, and leave nothing behind."""
        health = await start_health_server(
            self._metrics_port, self._is_ready, self._metrics, self._refresh_metrics
        )
        self._tasks.start("report channel", self._channel.run())
        try:
            if await self._stop.until(self._lease.acquire()):
                self._tasks.start("lease", _hold(self._lease))
                await self._leading.run(self._channel.reports)
        finally:
            await self._tasks.end()
            await self._lease.release()
            await health.cleanup()
            await self._connections.close()

    def _is_ready(self) -> bool:
        """A standby with the Lease in sight, the leader with its indices filled."""
        if self._leading.has_begun or self._lease.is_leader():
            return self._leading.filled_world is not None
        return self._lease.is_known()

    def _refresh_metrics(self) -> None:
        self._metrics.leader.set(self._lease.is_leader())
        self._metrics.queue_depth.set(self._leading.waiting())
        self._metrics.refused_reports.by_reason = self._channel.reports.refused


@dataclass(frozen=True)
class Connections:
    """Both ways to the API server: through the fence, and beside it for the Lease."""

    fence: WriteFence
    free: ClusterClient
    fenced: ClusterClient
    metrics: OperatorMetrics

    async def close(self) -> None:
        await self.fenced.close()
        await self.free.close()


async def _connections(settings: OperatorSettings) -> Connections:
    fence, metrics = WriteFence(time.monotonic), OperatorMetrics()
    agent = f"moorage-operator/{settings.pod.name}"
    free = ClusterClient(await load_configuration(), None, metrics.requested, agent)
    fenced = ClusterClient(await load_configuration(), fence, metrics.requested, agent)
    return Connections(fence, free, fenced, metrics)


async def _hold(lease: Lease) -> None:
    try:
        await lease.hold()
    except LeaseLost as error:
        logger.error("%s: this process ends at once", error)
        # Nothing that still runs may write; a container is started anew and waits for its turn.
        os._exit(LOST_EXIT_CODE)


async def _end_anyway(stop: Stop) -> None:
    """What hangs at the end must not keep the next container from starting."""
    await stop.wait()
    await asyncio.sleep(END_SECONDS)
    logger.error("the process is not at its end after %s s; it is cut short", END_SECONDS)
    os._exit(stop.exit_code)


def _now_text() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

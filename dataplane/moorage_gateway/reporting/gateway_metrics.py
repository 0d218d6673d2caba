"""The metrics page: a Collector over the cells, and its text in the format the scraper asks for."""

import asyncio
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from moorage_gateway.reporting.cells import Cells
from moorage_gateway.reporting.cluster_metrics import cluster_families
from moorage_gateway.reporting.endpoint_metrics import endpoint_families
from moorage_gateway.reporting.snapshot import Snapshot, snapshot_of
from moorage_gateway.reporting.traffic_metrics import traffic_families

_OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@dataclass(frozen=True)
class ProcessFacts:
    """What the metrics tell of the process itself. The callables are asked at each scrape."""

    version: str
    loop_lag_seconds: Callable[[], float]
    access_log_dropped: Callable[[], int]
    """Lines that the access log had to drop so far."""

    def snapshot(self) -> "ProcessSnapshot":
        """Ask now. Must run on the event loop, which writes what the callables read."""
        return ProcessSnapshot(self.version, self.loop_lag_seconds(), self.access_log_dropped())


@dataclass(frozen=True)
class ProcessSnapshot:
    """The facts of one scrape."""

    version: str
    loop_lag_seconds: float
    access_log_dropped: int


def _known_format(accept: str) -> str:
    # What else the header holds would come back in the content type, and each variant of it
    # would be a rendering of its own.
    return _OPENMETRICS if "application/openmetrics-text" in accept else ""


class GatewayMetrics:
    """Renders the metrics page. One rendering per format runs at a time, in a thread.

    Ten thousand series take a tenth of a second: streams must not wait for that on the loop.
    """

    def __init__(self, cells: Cells, facts: ProcessFacts) -> None:
        self._cells = cells
        self._facts = facts
        self._process = ProcessCollector(registry=None)
        self._underway: dict[str, asyncio.Future[bytes]] = {}

    async def render(self, accept: str) -> tuple[str, bytes]:
        """Content type and text for an ``Accept`` header; scrapers that come at once share one.

        OpenMetrics 1.0.0 if ``accept`` names it, else the Prometheus text format 0.0.4.
        """
        encode, content_type = choose_encoder(_known_format(accept))
        rendering = self._underway.get(content_type)
        if rendering is None:
            rendering = asyncio.ensure_future(asyncio.to_thread(encode, self._registry()))
            rendering.add_done_callback(lambda _: self._underway.pop(content_type))
            self._underway[content_type] = rendering
        return content_type, await asyncio.shield(rendering)

    def _registry(self) -> CollectorRegistry:
        registry = CollectorRegistry()
        registry.register(SnapshotCollector(snapshot_of(self._cells), self._facts.snapshot()))
        registry.register(self._process)
        return registry


class SnapshotCollector(Collector):
    """Every family of one snapshot."""

    def __init__(self, snapshot: Snapshot, process: ProcessSnapshot) -> None:
        self._snapshot = snapshot
        self._process = process

    def collect(self) -> Iterator[Metric]:
        """The families in the order of docs/metrics.md."""
        yield from traffic_families(self._snapshot)
        yield from endpoint_families(self._snapshot)
        yield from cluster_families(self._snapshot.cluster)
        yield from _process_families(self._process)


def _process_families(process: ProcessSnapshot) -> Iterator[Metric]:
    yield InfoMetricFamily(
        "moorage_build",
        "Version of the gateway and of its Python.",
        value={"version": process.version, "python": platform.python_version()},
    )
    yield GaugeMetricFamily(
        "moorage_loop_lag_seconds",
        "Longest delay of the event loop in the last 15 seconds.",
        value=process.loop_lag_seconds,
        unit="seconds",
    )
    yield CounterMetricFamily(
        "moorage_access_log_dropped",
        "Access log lines dropped because the log could not be written fast enough.",
        value=process.access_log_dropped,
    )

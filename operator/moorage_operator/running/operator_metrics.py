"""What Prometheus is told about the operator."""

from collections.abc import Iterator, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
READS = frozenset({"GET"})


class RefusedReports(Collector):
    """Counted where they are refused; looked at when Prometheus asks."""

    def __init__(self) -> None:
        self.by_reason: Mapping[str, int] = {}

    def collect(self) -> Iterator[CounterMetricFamily]:
        """One family."""
        family = CounterMetricFamily(
            "moorage_operator_reports_refused",
            "Report channels and reports of gateway pods that were refused, by reason",
            labels=["reason"],
        )
        for reason, count in self.by_reason.items():
            family.add_metric([reason], count)
        yield family


class OperatorMetrics:
    """All metrics of one process; label values come from closed lists."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._reconciles = Counter(
            "moorage_operator_reconciles",
            "Resources looked after, by kind and result",
            ["kind", "result"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "moorage_operator_reconcile_seconds",
            "How long one resource took",
            ["kind"],
            buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
            registry=self._registry,
        )
        self._requests = Counter(
            "moorage_operator_api_requests",
            "Requests to the API server, by verb, kind of object and status",
            ["verb", "resource", "status"],
            registry=self._registry,
        )
        self.queue_depth = Gauge(
            "moorage_operator_queue_depth",
            "Resources that are due and have no worker yet",
            registry=self._registry,
        )
        self.leader = Gauge(
            "moorage_operator_leader", "1 while this process leads", registry=self._registry
        )

        self.refused_reports = RefusedReports()
        self._registry.register(self.refused_reports)

    def reconciled(self, kind: str, seconds: float, *, well: bool) -> None:
        """A resource was looked after."""
        self._reconciles.labels(kind, "success" if well else "failure").inc()
        self._seconds.labels(kind).observe(seconds)

    def requested(self, verb: str, path: str, status: int) -> None:
        """A request was answered; the path's plural names the kind of object."""
        self._requests.labels(verb, _plural(path), str(status)).inc()

    def text(self) -> bytes:
        """The exposition."""
        return generate_latest(self._registry)


def _plural(path: str) -> str:
    """``/apis/apps/v1/namespaces/n/deployments/d/scale`` → ``deployments/scale``."""
    parts = path.strip("/").split("/")
    rest = parts[2:] if parts[0] == "api" else parts[3:]
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        rest = rest[2:]
    return "/".join(rest[::2]) or "discovery"

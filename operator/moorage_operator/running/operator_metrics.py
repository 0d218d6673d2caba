"""What Prometheus is told about the operator."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
READS = frozenset({"GET"})


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

"""The cells at one moment, copied so that another thread may turn them into text (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass

from moorage_gateway.reporting.cells import Cells, EndpointSample
from moorage_gateway.reporting.cluster_facts import ClusterFacts
from moorage_gateway.reporting.histogram import Histogram
from moorage_gateway.reporting.label_bound import OVERFLOW
from moorage_gateway.reporting.label_sets import endpoint_state_label

MAX_ENDPOINTS = 1024


@dataclass(frozen=True, slots=True)
class HistogramSnapshot:
    """Counts by upper bound, the last one of values past every bound, and the sum of all."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float


@dataclass(frozen=True, slots=True)
class RouteSnapshot:
    """What was counted of one route."""

    route: str
    seconds: HistogramSnapshot
    received_bytes: int
    sent_bytes: int
    events: int


@dataclass(frozen=True, slots=True)
class EndpointSnapshot:
    """One endpoint, or all past the bound together under ``overflow``."""

    group: str
    uid: str
    up: bool
    sessions: int
    in_flight: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that the metrics page tells of the cells."""

    requests: tuple[tuple[tuple[str, str, str], int], ...]
    routes: tuple[RouteSnapshot, ...]
    streams: tuple[tuple[tuple[str, str], int], ...]
    sessions: tuple[tuple[str, int], ...]
    refusals: tuple[tuple[str, int], ...]
    relaying: HistogramSnapshot
    upstream: HistogramSnapshot
    endpoints: tuple[EndpointSnapshot, ...]
    endpoint_states: tuple[tuple[tuple[str, str], int], ...]
    """How many endpoints by group and state."""
    cluster: ClusterFacts | None


def snapshot_of(cells: Cells) -> Snapshot:
    """Copy the cells. Must run where they are written: on the event loop."""
    samples = tuple(cells.endpoint_states())
    return Snapshot(
        requests=tuple((key, cell.count) for key, cell in cells.requests.items()),
        routes=tuple(
            RouteSnapshot(
                route, _histogram(row.seconds), row.received_bytes, row.sent_bytes, row.events
            )
            for route, row in cells.routes.items()
        ),
        streams=tuple(cells.streams.items()),
        sessions=tuple(cells.sessions.items()),
        refusals=tuple(cells.refusals.items()),
        relaying=_histogram(cells.relaying),
        upstream=_histogram(cells.upstream),
        endpoints=bounded_endpoints(samples, MAX_ENDPOINTS),
        endpoint_states=count_states(samples),
        cluster=cells.cluster(),
    )


def _histogram(histogram: Histogram) -> HistogramSnapshot:
    return HistogramSnapshot(histogram.bounds, tuple(histogram.counts), histogram.total)


def bounded_endpoints(
    samples: tuple[EndpointSample, ...], limit: int
) -> tuple[EndpointSnapshot, ...]:
    """The first ``limit`` endpoints each for itself, the others as one that is up if all are."""
    each = tuple(
        EndpointSnapshot(s.group, s.uid, s.state == "ready", s.sessions, s.in_flight)
        for s in samples[:limit]
    )
    rest = samples[limit:]
    return (*each, _overflow(rest)) if rest else each


def _overflow(rest: tuple[EndpointSample, ...]) -> EndpointSnapshot:
    return EndpointSnapshot(
        group=OVERFLOW,
        uid=OVERFLOW,
        up=all(sample.state == "ready" for sample in rest),
        sessions=sum(sample.sessions for sample in rest),
        in_flight=sum(sample.in_flight for sample in rest),
    )


def count_states(
    samples: Iterable[EndpointSample],
) -> tuple[tuple[tuple[str, str], int], ...]:
    """Endpoints by (group, state)."""
    counts: dict[tuple[str, str], int] = {}
    for sample in samples:
        key = (sample.group, endpoint_state_label(sample.state))
        counts[key] = counts.get(key, 0) + 1
    return tuple(counts.items())

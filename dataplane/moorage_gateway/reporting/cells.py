"""What the gateway counts, in plain cells that cost the hot path next to nothing (pure).

``gateway_metrics.py`` turns a snapshot of them into Prometheus families; every label is bounded
here, where the values come in.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from moorage_gateway.reporting.cluster_facts import ClusterFacts
from moorage_gateway.reporting.histogram import Histogram
from moorage_gateway.reporting.label_bound import LabelBound
from moorage_gateway.reporting.label_sets import (
    NONE,
    method_label,
    outcome_label,
    stream_kind_label,
)

MAX_ROUTES = 1024
MAX_GROUPS = 1024
MAX_REASONS = 128

REQUEST_BOUNDS_SECONDS = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0,
)  # fmt: skip
RELAY_BOUNDS_SECONDS = (
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class EndpointSample:
    """One endpoint at the moment of a scrape."""

    group: str
    uid: str
    state: str
    """``verifying``, ``ready``, ``down`` or ``absent``."""
    sessions: int
    in_flight: int


class RouteCells:
    """What is counted per route, whatever the method and the outcome."""

    __slots__ = ("events", "received_bytes", "seconds", "sent_bytes")

    def __init__(self) -> None:
        self.seconds = Histogram(REQUEST_BOUNDS_SECONDS)
        self.received_bytes = 0
        self.sent_bytes = 0
        self.events = 0


class RequestCell:
    """The requests of one route, method and outcome."""

    __slots__ = ("count", "route")

    def __init__(self, route: RouteCells) -> None:
        self.count = 0
        self.route = route


class Cells:
    """Everything one gateway process counts. Single-threaded: only the event loop writes."""

    def __init__(self) -> None:
        self.requests: dict[tuple[str, str, str], RequestCell] = {}
        """By route, MCP method and outcome."""
        self.routes: dict[str, RouteCells] = {}
        self.streams: dict[tuple[str, str], int] = {}
        """Open streams by route and kind."""
        self.sessions: dict[str, int] = {}
        """Live sessions by group."""
        self.refusals: dict[str, int] = {}
        """By reason."""
        self.relaying = Histogram(RELAY_BOUNDS_SECONDS)
        self.upstream = Histogram(REQUEST_BOUNDS_SECONDS)
        self.endpoint_states: Callable[[], Iterable[EndpointSample]] = tuple
        self.cluster: Callable[[], ClusterFacts | None] = lambda: None
        self._route_bound = LabelBound(MAX_ROUTES)
        self._group_bound = LabelBound(MAX_GROUPS)
        self._reason_bound = LabelBound(MAX_REASONS)

    def request_finished(
        self, route: str, method: str, outcome: str, seconds: float, bytes_in: int, bytes_out: int
    ) -> None:
        """Count one request: from its head read to its answer's last byte written.

        ``route`` is empty where none was found; ``method`` is the MCP method, empty where the
        request ended before it was known; ``outcome`` is one of ``label_sets.OUTCOMES``; bytes are
        those of the bodies.
        """
        cell = self.requests.get((route, method, outcome))
        if cell is None:
            cell = self._request_cell(route, method, outcome)
        cell.count += 1
        row = cell.route
        row.received_bytes += bytes_in
        row.sent_bytes += bytes_out
        histogram = row.seconds
        histogram.counts[bisect_left(REQUEST_BOUNDS_SECONDS, seconds)] += 1
        histogram.total += seconds

    def _request_cell(self, route: str, method: str, outcome: str) -> RequestCell:
        row = self._route_cells(route)
        key = (self._route_label(route), method_label(method), outcome_label(outcome))
        if key not in self.requests:
            self.requests[key] = RequestCell(row)
        return self.requests[key]

    def _route_cells(self, route: str) -> RouteCells:
        label = self._route_label(route)
        if label not in self.routes:
            self.routes[label] = RouteCells()
        return self.routes[label]

    def _route_label(self, route: str) -> str:
        return self._route_bound.label(route) if route else NONE

    def relay_latency(self, seconds: float) -> None:
        """Count the time that one request spent in the gateway itself."""
        histogram = self.relaying
        histogram.counts[bisect_left(RELAY_BOUNDS_SECONDS, seconds)] += 1
        histogram.total += seconds

    def upstream_seconds(self, seconds: float) -> None:
        """Count the time from a request's last byte sent upstream to its answer's first byte."""
        histogram = self.upstream
        histogram.counts[bisect_left(REQUEST_BOUNDS_SECONDS, seconds)] += 1
        histogram.total += seconds

    def events_relayed(self, route: str, count: int) -> None:
        """Count SSE events that went to a client."""
        (self.routes.get(route) or self._route_cells(route)).events += count

    def refused(self, reason: str) -> None:
        """Count a refusal by its name."""
        label = self._reason_bound.label(reason)
        self.refusals[label] = self.refusals.get(label, 0) + 1

    def stream_opened(self, route: str, kind: str) -> None:
        """Count an open stream; ``kind`` is one of ``label_sets.STREAM_KINDS``."""
        key = (self._route_label(route), stream_kind_label(kind))
        self.streams[key] = self.streams.get(key, 0) + 1

    def stream_closed(self, route: str, kind: str) -> None:
        """The counterpart of ``stream_opened``."""
        self.streams[self._route_label(route), stream_kind_label(kind)] -= 1

    def session_opened(self, group: str) -> None:
        """Count a live session of a group."""
        label = self._group_bound.label(group)
        self.sessions[label] = self.sessions.get(label, 0) + 1

    def session_closed(self, group: str) -> None:
        """The counterpart of ``session_opened``."""
        self.sessions[self._group_bound.label(group)] -= 1

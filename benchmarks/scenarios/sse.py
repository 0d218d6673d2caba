"""What an event costs on its way from the endpoint to the client: latency and CPU."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.proxies.direct import Direct
from benchmarks.proxies.envoy import Envoy
from benchmarks.proxies.nginx import Nginx
from benchmarks.proxies.proxy import Proxy, RunningProxy, running_proxy
from benchmarks.reporting.goals import Goal
from benchmarks.reporting.report import Chart, Column, Ratio, Report, Table
from benchmarks.reporting.spread import ratio
from benchmarks.rig.load import load
from benchmarks.rig.rounds import Figures, Sample, measured
from benchmarks.rig.stub import Stub, stub
from benchmarks.scenarios.settings import Settings
from benchmarks.scenarios.subjects import gateways, subjects

ENDPOINTS = 2
DATA_BYTES = 150
ENVOY = "envoy stateful_session"


@dataclass(frozen=True)
class Pace:
    key: str
    streams: int
    per_second: int
    ids: bool = False

    @property
    def told(self) -> str:
        streams = "1 stream" if self.streams == 1 else f"{self.streams:,} streams"
        return f"{streams}, events with ids" if self.ids else streams


PACES = [
    Pace("1", 1, 1_000),
    Pace("100", 100, 5_000),
    Pace("100_ids", 100, 5_000, ids=True),
    Pace("1000", 1_000, 5_000),
]
_METHOD = (
    f"GET streams of official clients; events of {DATA_BYTES} B data, one write each at the "
    "endpoint, stamped there; 1 stream carries 1,000 events/s, more carry 5,000/s together. "
    "Latency is from the endpoint's write to the client's read. With ids: each event carries "
    "an id, which Moorage turns into a capsule."
)


def run(settings: Settings) -> Report:
    proxies: list[Proxy] = [Direct(), Nginx(), Envoy(), *gateways(settings)]

    samples = [sample for pace in PACES for sample in _samples(settings, proxies, pace)]
    return Report(
        scenario="sse",
        title="SSE events",
        method=_METHOD,
        tables=[_table(pace) for pace in PACES],
        samples=samples,
        charts=[
            Chart("p50_us_100", "Latency per event over 100 streams, p50 µs"),
            Chart("p99_us_100", "Latency per event over 100 streams, p99 µs"),
            Chart("cpu_us_100", "CPU per event over 100 streams, µs"),
        ],
        goals=[
            goal
            for each in settings.interpreters
            for goal in goals(samples, f"moorage {each.label}")
        ],
    )


def _samples(settings: Settings, proxies: Sequence[Proxy], pace: Pace) -> list[Sample]:
    """All rounds of one pace: what is compared lies seconds apart, not minutes."""

    def measure(proxy: Proxy) -> Figures:
        events = round(pace.per_second * settings.seconds)
        with stub(ENDPOINTS) as upstream, running_proxy(proxy, upstream) as running:
            seen = measure_events(running, upstream, pace, events)
        return {f"{name}_{pace.key}": value for name, value in seen.items()}

    chosen = subjects(settings, proxies, measure)
    return measured(f"sse, {pace.told}", chosen, settings.rounds)


def _table(pace: Pace) -> Table:
    p50, p99, cpu = (f"{metric}_{pace.key}" for metric in ("p50_us", "p99_us", "cpu_us"))
    return Table(
        title=pace.told,
        columns=[
            Column(p50, "p50 µs", 0),
            Column(p99, "p99 µs", 0),
            Column(cpu, "CPU µs/event"),
            Column(f"bytes_{pace.key}", "B/event", 0),
            Column(f"faults_{pace.key}", "lost, repeated, altered", 0),
        ],
        ratios=[
            Ratio(p50, "nginx", "p50 x nginx"),
            Ratio(p99, "nginx", "p99 x nginx"),
            Ratio(p50, ENVOY, "p50 x Envoy"),
            Ratio(cpu, "nginx", "CPU x nginx"),
        ],
    )


def measure_events(
    running: RunningProxy, upstream: Stub, pace: Pace, events: int
) -> dict[str, float]:
    options = {"streams": pace.streams, "events": events, "data_bytes": DATA_BYTES}
    with load("streams", **running.target(), **options) as streams:
        before_ns = running.cpu_ns()
        streams.go()
        upstream.begin_events(
            per_second=pace.per_second, data_bytes=DATA_BYTES, ids=pace.ids, count=events
        )
        seen = streams.figures()
        spent_ns = running.cpu_ns() - before_ns
        emission = upstream.end_of_events()
    without_id = seen["events"] - seen["with_id"] if pace.ids else 0
    return {
        "p50_us": seen["p50_us"],
        "p99_us": seen["p99_us"],
        "cpu_us": spent_ns / 1000 / max(1, seen["events"]),
        "events_per_second": seen["events"] / seen["seconds"],
        "bytes": seen["bytes"] / max(1, seen["events"]),
        "faults": emission.events
        - seen["events"]
        + seen["repeated"]
        + seen["altered"]
        + without_id,
    }


def goals(samples: Sequence[Sample], own: str) -> list[Goal]:
    """p50 and p99 beside nginx's and Envoy's, for each pace without ids."""
    bounds = [("p50_us", "nginx", 1.2), ("p99_us", "nginx", 1.8), ("p50_us", ENVOY, 1.0)]
    found = []
    for pace in (pace for pace in PACES if not pace.ids):
        for metric, reference, bound in bounds:
            seen = ratio(samples, own, reference, f"{metric}_{pace.key}")
            if seen:
                what = f"SSE {metric.removesuffix('_us')}, {pace.told}, {own} / {reference}"
                found.append(Goal(what, seen.median, bound, bound))
    return found

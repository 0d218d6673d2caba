"""A million events through the proxy as fast as it takes them: none lost, merged or reordered."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.proxies.nginx import Nginx
from benchmarks.proxies.proxy import Proxy, RunningProxy, running_proxy
from benchmarks.reporting.goals import Goal
from benchmarks.reporting.report import Column, Report, Table
from benchmarks.rig.load import load
from benchmarks.rig.rounds import Figures, Sample, measured
from benchmarks.rig.stub import Stub, stub
from benchmarks.scenarios.settings import Settings
from benchmarks.scenarios.subjects import gateways, subjects

EVENTS = 1_000_000
DATA_BYTES = 150
_METHOD = (
    f"{EVENTS:,} numbered events, each written by itself as soon as the endpoint's socket takes "
    "it, so that back-pressure rules; the client compares each with what must have been written."
)


@dataclass(frozen=True)
class Flood:
    key: str
    streams: int
    ids: bool
    told: str


FLOODS = [
    Flood("one", 1, False, "one stream"),
    Flood("many_ids", 100, True, "100 streams, events with ids"),
]


def run(settings: Settings) -> Report:
    proxies: list[Proxy] = [Nginx(), *gateways(settings)]
    samples = measured("events", subjects(settings, proxies, measure), settings.rounds)
    return Report(
        scenario="events",
        title="A million events",
        method=_METHOD,
        tables=[_table(flood) for flood in FLOODS],
        samples=samples,
        goals=[
            goal
            for each in settings.interpreters
            for goal in goals(samples, f"moorage {each.label}")
        ],
    )


def _table(flood: Flood) -> Table:
    return Table(
        title=flood.told,
        columns=[
            Column(f"received_{flood.key}", "received whole and in turn", 0),
            Column(f"lost_{flood.key}", "lost", 0),
            Column(f"repeated_{flood.key}", "repeated or out of turn", 0),
            Column(f"altered_{flood.key}", "merged or altered", 0),
            Column(f"per_second_{flood.key}", "events/s", 0),
            Column(f"cpu_us_{flood.key}", "CPU µs/event"),
            Column(f"grown_mb_{flood.key}", "memory grown by, MB"),
        ],
    )


def measure(proxy: Proxy) -> Figures:
    figures: dict[str, float] = {}
    for flood in FLOODS:
        with stub() as upstream, running_proxy(proxy, upstream) as running:
            seen = measure_flood(running, upstream, flood)
        figures |= {f"{name}_{flood.key}": value for name, value in seen.items()}
    return figures


def measure_flood(running: RunningProxy, upstream: Stub, flood: Flood) -> dict[str, float]:
    options = {"streams": flood.streams, "events": EVENTS, "data_bytes": DATA_BYTES}
    with load("streams", **running.target(), **options) as streams:
        before_ns, before_kb = running.cpu_ns(), running.pss_kb()
        streams.go()
        upstream.begin_events(per_second=0, data_bytes=DATA_BYTES, ids=flood.ids, count=EVENTS)
        seen = streams.figures()
        spent_ns, grown_kb = running.cpu_ns() - before_ns, running.pss_kb() - before_kb
    return {
        "received": seen["events"],
        "lost": EVENTS - seen["events"] - seen["altered"],
        "repeated": seen["repeated"],
        "altered": seen["altered"],
        "per_second": seen["events"] / seen["seconds"],
        "cpu_us": spent_ns / 1000 / EVENTS,
        "grown_mb": grown_kb / 1024,
    }


def goals(samples: Sequence[Sample], own: str) -> list[Goal]:
    rounds = [sample.figures for sample in samples if sample.subject == own and sample.figures]
    if not rounds:
        return []
    faults = sum(
        figures[f"{name}_{flood.key}"]
        for figures in rounds
        for flood in FLOODS
        for name in ("lost", "repeated", "altered")
    )
    what = f"of {len(rounds) * len(FLOODS) * EVENTS:,} events lost, repeated, merged, {own}"
    return [Goal(what, faults, 0, 0, "events")]

"""What 800 slow clients do to an honest one."""

from collections.abc import Sequence

from benchmarks.proxies.nginx import Nginx
from benchmarks.proxies.proxy import Proxy, RunningProxy, running_proxy
from benchmarks.reporting.goals import Goal
from benchmarks.reporting.report import Chart, Column, Report, Table
from benchmarks.reporting.spread import spread_of
from benchmarks.rig.load import load
from benchmarks.rig.rounds import Figures, Sample, measured
from benchmarks.rig.stub import stub
from benchmarks.scenarios.settings import Settings
from benchmarks.scenarios.subjects import gateways, subjects

ENDPOINTS = 2
SLOW_CLIENTS = 800
HONEST_PER_SECOND = 200
LENGTHENED = 12
"""Times --seconds, so that the proxy's own timeouts for slow clients fall into the run."""
KINDS = ("half_heads", "half_bodies", "slow_readers")
_METHOD = (
    f"{SLOW_CLIENTS} clients from the honest client's own address, a third each sending a head "
    "field by field, sending a body byte by byte, or reading a 256 KB answer in sips of 64 B a "
    "second; those that are ended come again. The honest client makes "
    f"{HONEST_PER_SECOND} calls a second, half over kept connections and half over a fresh one "
    "each; latency counts from the scheduled start."
)


def run(settings: Settings) -> Report:
    proxies: list[Proxy] = [Nginx(), *gateways(settings)]

    def measure_one(proxy: Proxy) -> Figures:
        return measure(proxy, settings.seconds * LENGTHENED)

    samples = measured("slow", subjects(settings, proxies, measure_one), settings.rounds)
    return Report(
        scenario="slow",
        title=f"{SLOW_CLIENTS} slow clients",
        method=_METHOD,
        tables=[_honest(), _slow()],
        samples=samples,
        charts=[Chart("added_ms", "Honest client's p99 added by slow clients, ms")],
        goals=[
            goal
            for each in settings.interpreters
            for goal in goals(samples, f"moorage {each.label}")
        ],
    )


def _honest() -> Table:
    return Table(
        title="The honest client",
        columns=[
            Column("p99_before_ms", "p99 ms without", 2),
            Column("p99_ms", "p99 ms with", 2),
            Column("added_ms", "p99 added, ms", 2),
            Column("fresh_p99_before_ms", "p99 ms without, fresh connections", 2),
            Column("fresh_p99_ms", "p99 ms with, fresh connections", 2),
            Column("fresh_added_ms", "p99 added, fresh, ms", 2),
            Column("errors", "errors", 0),
        ],
    )


def _slow() -> Table:
    told = {kind: kind.replace("_", " ") for kind in KINDS}
    return Table(
        title="The slow clients",
        columns=[
            *(Column(f"{kind}_ended", f"{told[kind]} ended", 0) for kind in KINDS),
            *(Column(f"{kind}_refused", f"{told[kind]} told why", 0) for kind in KINDS),
            Column("standing", "standing at the end", 0),
        ],
    )


def measure(proxy: Proxy, seconds: float) -> Figures:
    with stub(ENDPOINTS) as upstream, running_proxy(proxy, upstream) as running:
        before = measure_honest(running, min(seconds, 10))
        slow = {"clients": SLOW_CLIENTS, "tool": "large"}
        with load("slow", **running.target(), **slow, receive_bytes=4096) as crowd:
            during = measure_honest(running, seconds)
            crowd.go()
            fate = crowd.figures()
    figures = {f"{name.removesuffix('_ms')}_before_ms": before[name] for name in _P99}
    added = {f"{name.removesuffix('p99_ms')}added_ms": during[name] - before[name] for name in _P99}
    return {**figures, **during, **added, **fate}


_P99 = ("p99_ms", "fresh_p99_ms")


def measure_honest(running: RunningProxy, seconds: float) -> dict[str, float]:
    options = {"sessions": 8, "rate": HONEST_PER_SECOND // 2, "seconds": seconds}
    with (
        load("calls", **running.target(), **options) as kept,
        load("calls", **running.target(), **options, fresh=1) as fresh,
    ):
        kept.go()
        fresh.go()
        seen, seen_fresh = kept.figures(), fresh.figures()
    return {
        "p99_ms": seen["p99_us"] / 1000,
        "fresh_p99_ms": seen_fresh["p99_us"] / 1000,
        "errors": sum(each["errors"] + each["wrong"] for each in (seen, seen_fresh)),
    }


def goals(samples: Sequence[Sample], own: str) -> list[Goal]:
    told = {"added_ms": "kept connections", "fresh_added_ms": "fresh connections"}
    seen = {metric: spread_of(samples, own, metric) for metric in told}
    return [
        Goal(f"p99 added by slow clients, {told[metric]}, {own}", each.median, 50, 50, "ms")
        for metric, each in seen.items()
        if each
    ]

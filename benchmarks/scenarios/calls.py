"""CPU per tools/call, throughput and latency of the whole path, beside other proxies."""

from collections.abc import Sequence

from benchmarks.proxies.direct import Direct
from benchmarks.proxies.envoy import Envoy
from benchmarks.proxies.fastmcp import FastMcp
from benchmarks.proxies.mcp_proxy import McpProxy
from benchmarks.proxies.naive import Naive
from benchmarks.proxies.nginx import Nginx
from benchmarks.proxies.proxy import Proxy, RunningProxy, running_proxy
from benchmarks.proxies.supergateway import Supergateway
from benchmarks.reporting.goals import Goal
from benchmarks.reporting.report import Chart, Column, Ratio, Report, Table
from benchmarks.reporting.spread import ratio
from benchmarks.rig.environments import gateway_python
from benchmarks.rig.load import load
from benchmarks.rig.progress import say
from benchmarks.rig.rounds import Figures, Sample, measured
from benchmarks.rig.stub import stub
from benchmarks.scenarios.settings import Interpreter, Settings
from benchmarks.scenarios.subjects import gateways, subjects

SESSIONS = 16
ENDPOINTS = 2
OPENED_SESSIONS = 100
ENVOY = "envoy stateful_session"
_METHOD = (
    f"{SESSIONS} legacy sessions in closed loop, then one alone; request heads of about 1 KB, a "
    "tools/call of 280 B, an answer of 284 B, one proxy worker on one core. CPU is that of the "
    "proxy's whole process tree, kernel included. Envoy keeps affinity and does nothing else; "
    "nginx and naive aiohttp do not even keep affinity."
)


def run(settings: Settings) -> Report:
    def measure_one(proxy: Proxy) -> Figures:
        return measure(proxy, settings.seconds)

    samples = measured("calls", subjects(settings, proxies(settings), measure_one), settings.rounds)
    return Report(
        scenario="calls",
        title="tools/call",
        method=_METHOD,
        tables=[_table()],
        samples=samples,
        charts=[Chart("cpu_us", "CPU per tools/call, µs", logarithmic=True)],
        goals=goals(samples, settings.interpreters),
    )


def _table() -> Table:
    return Table(
        columns=[
            Column("cpu_us", "CPU µs/call"),
            Column("modern_cpu_us", "CPU µs/call, 2026-07-28"),
            Column("opening_cpu_us", "CPU µs/session opened", 0),
            Column("calls_per_second", "calls/s", 0),
            Column("p50_us", f"p50 µs, {SESSIONS} sessions", 0),
            Column("alone_p50_us", "p50 µs, one alone", 0),
            Column("alone_p99_us", "p99 µs, one alone", 0),
            Column("memory_mb", "memory MB"),
            Column("errors", "errors", 0),
        ],
        ratios=[Ratio("cpu_us", ENVOY, "CPU x Envoy"), Ratio("cpu_us", "nginx", "CPU x nginx")],
    )


def proxies(settings: Settings) -> list[Proxy]:
    naive: list[Proxy] = [
        Naive(each.label, gateway_python(each.path)) for each in settings.interpreters
    ]
    mcp_proxy: list[Proxy] = [McpProxy(each.label, each.path) for each in settings.interpreters]
    peers: list[Proxy] = [*mcp_proxy, Supergateway(), FastMcp()]
    return [Direct(), Nginx(), Envoy(), Envoy(sticky=False), *gateways(settings), *naive, *peers]


def measure(proxy: Proxy, seconds: float) -> Figures:
    with stub(ENDPOINTS) as upstream, running_proxy(proxy, upstream) as running:
        together = measure_calls(running, seconds, sessions=SESSIONS)
        alone = measure_calls(running, min(seconds, 2), sessions=1)
        return {
            **together,
            **_modern(running, seconds),
            "opening_cpu_us": measure_opening(running, OPENED_SESSIONS),
            "alone_p50_us": alone["p50_us"],
            "alone_p99_us": alone["p99_us"],
            "errors": together["errors"] + alone["errors"],
            "memory_mb": running.pss_kb() / 1024,
        }


def _modern(running: RunningProxy, seconds: float) -> dict[str, float]:
    """Nothing for a proxy that does not relay 2026-07-28."""
    seen = measure_calls(running, seconds, sessions=SESSIONS, modern=1)
    return {} if seen["errors"] else {"modern_cpu_us": seen["cpu_us"]}


def measure_opening(running: RunningProxy, sessions: int, **options: object) -> float:
    """CPU µs of initialize and notifications/initialized, per session."""
    before_ns = running.cpu_ns()
    with load("calls", **running.target(), sessions=sessions, warm_up=0, **options):
        return (running.cpu_ns() - before_ns) / 1000 / sessions


def measure_calls(running: RunningProxy, seconds: float, **options: object) -> dict[str, float]:
    with load("calls", **running.target(), seconds=seconds, **options) as calls:
        before_ns = running.cpu_ns()
        calls.go()
        seen = calls.figures()
        spent_ns = running.cpu_ns() - before_ns
    if seen["first_error"]:
        say(f"  first error: {seen['first_error']}")
    return {
        "cpu_us": spent_ns / 1000 / max(1, seen["calls"]),
        "calls_per_second": seen["calls"] / seen["seconds"],
        "p50_us": seen["p50_us"],
        "p99_us": seen["p99_us"],
        "errors": seen["errors"] + seen["wrong"],
    }


def goals(samples: Sequence[Sample], interpreters: Sequence[Interpreter]) -> list[Goal]:
    return [
        goal
        for each in interpreters
        for goal in [
            *_beside_envoy(samples, each),
            *_beside_peers(samples, each),
            *_no_errors(samples, each),
        ]
    ]


def _beside_envoy(samples: Sequence[Sample], interpreter: Interpreter) -> list[Goal]:
    own = f"moorage {interpreter.label}"
    seen = ratio(samples, own, ENVOY, "cpu_us")
    floor, goal = (1.25, 1.0) if interpreter.profile_guided else (1.45, 1.2)
    return [Goal(f"CPU per call, {own} / {ENVOY}", seen.median, floor, goal)] if seen else []


def _beside_peers(samples: Sequence[Sample], interpreter: Interpreter) -> list[Goal]:
    own = f"moorage {interpreter.label}"
    mcp_proxy = f"mcp-proxy {interpreter.label}"
    bounds = [("supergateway", 9.0, 13.0), (mcp_proxy, 11.0, 16.0)]
    found = []
    for peer, floor, goal in bounds:
        seen = ratio(samples, peer, own, "cpu_us")
        if seen:
            what = f"CPU per call, {peer} / {own}"
            found.append(Goal(what, seen.median, floor, goal, at_least=True))
    return found


def _no_errors(samples: Sequence[Sample], interpreter: Interpreter) -> list[Goal]:
    own = f"moorage {interpreter.label}"
    own_figures = [sample.figures for sample in samples if sample.subject == own]
    errors = [figures["errors"] for figures in own_figures if figures]
    what = f"failed or wrong calls in all rounds, {own}"
    return [Goal(what, sum(errors), 0, 0, "calls")] if errors else []

"""Cost per request does not grow with sessions, endpoints or routes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.proxies.moorage import Moorage
from benchmarks.proxies.proxy import running_proxy
from benchmarks.reporting.goals import Goal
from benchmarks.reporting.report import Chart, Column, Report, Table
from benchmarks.reporting.spread import ratio
from benchmarks.rig.environments import gateway_python
from benchmarks.rig.rounds import Figures, Sample, Subject, measured
from benchmarks.rig.stub import stub
from benchmarks.scenarios.calls import measure_calls
from benchmarks.scenarios.settings import Interpreter, Settings

CONNECTIONS = 10
MOST_GROWTH = 1.1
_METHOD = (
    f"CPU µs per tools/call over {CONNECTIONS} client connections which go through all sessions in "
    "turn; endpoints are as many loopback addresses, and sessions are spread evenly over endpoints "
    "and routes."
)


@dataclass(frozen=True)
class Size:
    told: str
    sessions: int = 1_000
    endpoints: int = 3
    routes: int = 1

    @property
    def sessions_per_pod(self) -> int:
        return -(-self.sessions // self.endpoints)


GROWTHS = [
    (Size("10 sessions", sessions=10), Size("10,000 sessions", sessions=10_000)),
    (Size("3 endpoints"), Size("1,000 endpoints", endpoints=1_000)),
    (Size("1 route"), Size("1,000 routes", routes=1_000)),
]


def run(settings: Settings) -> Report:
    samples = measured("flat", _subjects(settings), settings.rounds)
    return Report(
        scenario="flat",
        title="Flat cost",
        method=_METHOD,
        tables=[_table()],
        samples=samples,
        charts=[Chart("cpu_us", "CPU per tools/call at each size, µs")],
        goals=[goal for each in settings.interpreters for goal in goals(samples, each)],
    )


def _table() -> Table:
    return Table(
        columns=[
            Column("cpu_us", "CPU µs/call"),
            Column("calls_per_second", "calls/s", 0),
            Column("p50_us", "p50 µs", 0),
            Column("memory_mb", "memory MB"),
            Column("errors", "errors", 0),
        ]
    )


def _name(interpreter: Interpreter, size: Size) -> str:
    return f"moorage {interpreter.label}, {size.told}"


def _subjects(settings: Settings) -> list[Subject]:
    return [
        Subject(_name(each, size), partial(measure, each, size, settings.seconds))
        for each in settings.interpreters
        for growth in GROWTHS
        for size in growth
        if settings.wants(_name(each, size))
    ]


def measure(interpreter: Interpreter, size: Size, seconds: float) -> Figures:
    gateway = Moorage(
        interpreter.label,
        gateway_python(interpreter.path),
        routes=size.routes,
        sessions_per_pod=size.sessions_per_pod,
    )
    with stub(size.endpoints) as upstream, running_proxy(gateway, upstream) as running:
        seen = measure_calls(
            running,
            seconds,
            sessions=size.sessions,
            connections=CONNECTIONS,
            routes=size.routes,
        )
        return {**seen, "memory_mb": running.pss_kb() / 1024}


def goals(samples: Sequence[Sample], interpreter: Interpreter) -> list[Goal]:
    found = []
    for small, large in GROWTHS:
        seen = ratio(samples, _name(interpreter, large), _name(interpreter, small), "cpu_us")
        if seen:
            what = f"CPU per call, {large.told} / {small.told}, {interpreter.label}"
            found.append(Goal(what, seen.median, MOST_GROWTH, MOST_GROWTH))
    return found

"""Cost per request does not grow with sessions, endpoints or routes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.proxies.envoy import Envoy
from benchmarks.proxies.moorage import Moorage
from benchmarks.proxies.proxy import Proxy, running_proxy
from benchmarks.reporting.goals import Goal
from benchmarks.reporting.report import Chart, Column, Report, Table
from benchmarks.reporting.spread import ratio
from benchmarks.rig.environments import gateway_python
from benchmarks.rig.rounds import Figures, Sample, Subject, measured
from benchmarks.rig.stub import stub
from benchmarks.scenarios.calls import measure_calls
from benchmarks.scenarios.settings import Settings

FEW_CONNECTIONS = 10
CLIENTS = 1_000
MOST_GROWTH = 1.1
_METHOD = (
    f"CPU µs per tools/call. {FEW_CONNECTIONS} connections go through all sessions in turn, or "
    f"{CLIENTS:,} clients have a connection and a session each; endpoints are loopback addresses, "
    "sessions are spread evenly over endpoints and routes. The bound for endpoints is held with "
    f"{CLIENTS:,} clients: over {FEW_CONNECTIONS} connections, 3 endpoints are reached by ten warm "
    "sockets and 1,000 by a thousand cold ones, which the kernel charges to every proxy, as "
    "Envoy's figures show."
)


@dataclass(frozen=True)
class Size:
    told: str
    sessions: int = CLIENTS
    connections: int = FEW_CONNECTIONS
    endpoints: int = 3
    routes: int = 1

    @property
    def sessions_per_pod(self) -> int:
        return -(-self.sessions // self.endpoints)


@dataclass(frozen=True)
class Growth:
    small: Size
    large: Size
    bound: bool = True


SESSIONS = Growth(Size("10 sessions", sessions=10), Size("10,000 sessions", sessions=10_000))
ENDPOINTS = Growth(
    Size("3 endpoints, 1,000 clients", connections=CLIENTS),
    Size("1,000 endpoints, 1,000 clients", connections=CLIENTS, endpoints=1_000),
)
COLD_ENDPOINTS = Growth(
    Size("3 endpoints, 10 connections"),
    Size("1,000 endpoints, 10 connections", endpoints=1_000),
    bound=False,
)
ROUTES = Growth(Size("1 route"), Size("1,000 routes", routes=1_000))
GROWTHS = [SESSIONS, ENDPOINTS, COLD_ENDPOINTS, ROUTES]
GROWTHS_OF_ENVOY = [SESSIONS, ENDPOINTS, COLD_ENDPOINTS]


def run(settings: Settings) -> Report:
    samples = measured("flat", _subjects(settings), settings.rounds)
    return Report(
        scenario="flat",
        title="Flat cost",
        method=_METHOD,
        tables=[_table()],
        samples=samples,
        charts=[Chart("cpu_us", "CPU per tools/call at each size, µs")],
        goals=[
            goal
            for each in settings.interpreters
            for goal in goals(samples, f"moorage {each.label}")
        ],
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


def _name(owner: str, size: Size) -> str:
    return f"{owner}, {size.told}"


def _subjects(settings: Settings) -> list[Subject]:
    envoy = Envoy()
    found = [_subject(envoy.name, envoy, size, settings) for size in _sizes(GROWTHS_OF_ENVOY)]
    for each in settings.interpreters:
        python = gateway_python(each.path)
        for size in _sizes(GROWTHS):
            gateway = Moorage(each.label, python, size.routes, size.sessions_per_pod)
            found.append(_subject(gateway.name, gateway, size, settings))
    return [subject for subject in found if settings.wants(subject.name)]


def _sizes(growths: Sequence[Growth]) -> list[Size]:
    return [size for growth in growths for size in (growth.small, growth.large)]


def _subject(owner: str, proxy: Proxy, size: Size, settings: Settings) -> Subject:
    return Subject(_name(owner, size), partial(measure, proxy, size, settings.seconds))


def measure(proxy: Proxy, size: Size, seconds: float) -> Figures:
    proxy.install()
    load = {"sessions": size.sessions, "connections": size.connections, "routes": size.routes}
    with stub(size.endpoints) as upstream, running_proxy(proxy, upstream) as running:
        seen = measure_calls(running, seconds, **load)
        return {**seen, "memory_mb": running.pss_kb() / 1024}


def goals(samples: Sequence[Sample], own: str) -> list[Goal]:
    found = []
    for growth in (growth for growth in GROWTHS if growth.bound):
        seen = ratio(samples, _name(own, growth.large), _name(own, growth.small), "cpu_us")
        if seen:
            what = f"CPU per call, {growth.large.told} / {growth.small.told}, {own}"
            found.append(Goal(what, seen.median, MOST_GROWTH, MOST_GROWTH))
    return found

"""Memory that an idle legacy GET stream holds in the proxy."""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack

from benchmarks.proxies.envoy import Envoy
from benchmarks.proxies.nginx import Nginx
from benchmarks.proxies.proxy import Proxy, RunningProxy, running_proxy
from benchmarks.reporting.goals import Goal
from benchmarks.reporting.report import Chart, Column, Ratio, Report, Table
from benchmarks.reporting.spread import ratio
from benchmarks.rig.load import Load, load
from benchmarks.rig.rounds import Figures, Sample, measured
from benchmarks.rig.stub import stub
from benchmarks.scenarios.settings import Settings
from benchmarks.scenarios.subjects import gateways, subjects

ENDPOINTS = 2
FEW, MANY = 1_000, 5_000
SETTLE_SECONDS = 1
CLIENTS = {"python": "Python SDK", "typescript": "TypeScript SDK", "large": "2 KB icon"}
ENVOY = "envoy stateful_session"
_METHOD = (
    "KB of proportional set size that the whole process tree grows by, per session with one idle "
    "GET stream, without authorization; sessions are opened with the initialize parameters of the "
    "official clients, and of one that sends a 2 KB icon."
)


def run(settings: Settings) -> Report:
    proxies: list[Proxy] = [Nginx(), Envoy(), *gateways(settings)]
    samples = measured("memory", subjects(settings, proxies, measure), settings.rounds)
    return Report(
        scenario="memory",
        title="Memory per idle stream",
        method=_METHOD,
        tables=[_table()],
        samples=samples,
        charts=[Chart("kb_many", f"Memory per idle stream at {MANY:,}, KB")],
        goals=[
            goal
            for each in settings.interpreters
            for goal in goals(samples, f"moorage {each.label}")
        ],
    )


def _table() -> Table:
    return Table(
        columns=[
            Column("idle_mb", "MB without sessions"),
            *(Column(f"kb_{name}", f"KB/stream, {FEW:,}, {CLIENTS[name]}") for name in CLIENTS),
            Column("kb_many", f"KB/stream, {MANY:,}, {CLIENTS['python']}"),
            *(Column(f"id_bytes_{name}", f"session id B, {CLIENTS[name]}", 0) for name in CLIENTS),
        ],
        ratios=[
            Ratio("kb_many", "nginx", f"{MANY:,} x nginx"),
            Ratio("kb_many", ENVOY, f"{MANY:,} x Envoy"),
        ],
    )


def measure(proxy: Proxy) -> Figures:
    figures: dict[str, float] = {}
    for client in CLIENTS:
        with stub(ENDPOINTS) as upstream, running_proxy(proxy, upstream) as running:
            figures |= measure_streams(running, client)
    return figures


def measure_streams(running: RunningProxy, client: str) -> dict[str, float]:
    before_kb = _settled_kb(running)
    figures: dict[str, float] = {}
    with ExitStack() as held:
        few = held.enter_context(_streams(running, client, FEW))
        figures[f"kb_{client}"] = (_settled_kb(running) - before_kb) / FEW
        if client == "python":
            held.enter_context(_streams(running, client, MANY - FEW))
            figures["kb_many"] = (_settled_kb(running) - before_kb) / MANY
            figures["idle_mb"] = before_kb / 1024
        few.go()
        figures[f"id_bytes_{client}"] = few.figures()["session_id_bytes"]
    return figures


def _streams(running: RunningProxy, client: str, count: int) -> AbstractContextManager[Load]:
    return load("streams", **running.target(), streams=count, client=client, bearer=0)


def _settled_kb(running: RunningProxy) -> int:
    time.sleep(SETTLE_SECONDS)
    return running.pss_kb()


def goals(samples: Sequence[Sample], own: str) -> list[Goal]:
    bounds = [("nginx", 1.3, 1.0), (ENVOY, 1.0, 0.25)]
    found = []
    for reference, floor, goal in bounds:
        seen = ratio(samples, own, reference, "kb_many")
        if seen:
            found.append(
                Goal(f"memory per idle stream, {own} / {reference}", seen.median, floor, goal)
            )
    return found

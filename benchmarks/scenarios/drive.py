"""One proxy under steady load, for a profiler: prints its processes and what a call cost."""

import sys

from benchmarks.proxies.proxy import running_proxy
from benchmarks.rig.rounds import Figures
from benchmarks.rig.stub import stub
from benchmarks.rig.turns import turn
from benchmarks.scenarios.calls import ENDPOINTS, SESSIONS, measure_calls, proxies
from benchmarks.scenarios.settings import Settings


def drive(settings: Settings) -> Figures:
    """Runs the calls of ``calls`` through the first proxy that was asked for."""
    wanted = [proxy for proxy in proxies(settings) if settings.wants(proxy.name)]
    if not settings.only or not wanted:
        raise SystemExit("name one proxy: --only moorage (or nginx, envoy, naive, …)")
    proxy = wanted[0]
    proxy.install()
    with turn(), stub(ENDPOINTS) as upstream, running_proxy(proxy, upstream) as running:
        pids = " ".join(map(str, running.pids()))
        print(f"{proxy.name} on {running.launch.port}, pid {pids}, {settings.seconds:g} s of calls")
        print(f"  perf record -g -p {pids.replace(' ', ',')} -- sleep {settings.seconds:g}")
        sys.stdout.flush()
        return measure_calls(running, settings.seconds, sessions=SESSIONS)

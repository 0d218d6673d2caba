"""How long a route change takes, from `kubectl apply` until every gateway pod acts by it.

`python -m e2e.route_changes [--changes 100]`, under load. Ends with 1 when an operation failed,
when p50 is over 1 s or p99 over 2 s, or when `Programmed` was true of a table that a pod lacked.
"""

import argparse
import asyncio
import statistics
import sys
import time
from dataclasses import dataclass, field

import aiohttp

from e2e.cluster import apply, condition, pods, wait_for_condition
from e2e.installation import installed
from e2e.load import Load
from e2e.manifests import gateway
from e2e.scene import HOST, ROUTES, serving
from fakes.kubectl import namespace, read

P50_SECONDS, P99_SECONDS = 1.0, 2.0
IN_FORCE_SECONDS = 15.0


@dataclass(slots=True)
class Figures:
    """Seconds until in force and until told, and moments at which `Programmed` was not true."""

    in_force: list[float] = field(default_factory=list)
    told: list[float] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)

    @property
    def p50(self) -> float:
        return statistics.median(self.in_force)

    @property
    def p99(self) -> float:
        return sorted(self.in_force)[max(0, round(0.99 * len(self.in_force)) - 1)]


async def serves(http: aiohttp.ClientSession, pod_ip: str, host: str, path: str) -> bool:
    """Whether a pod knows the path: what is no JSON gets 400 there, and 404 elsewhere."""
    headers = {"Host": host, "Content-Type": "application/json", "Accept": "application/json"}
    async with http.post(f"http://{pod_ip}:8080{path}", data=b"?", headers=headers) as answer:
        return answer.status != 404


async def change(name: str, number: int, pod_ips: list[str], figures: Figures) -> None:
    """Add a route at even numbers, take it away at odd ones."""
    path, wanted = f"/extra-{number // 2}", number % 2 == 0
    routes = {**ROUTES, path: "counter"} if wanted else ROUTES
    started = time.monotonic()
    await asyncio.to_thread(apply, name, gateway("edge", routes, replicas=2))
    async with aiohttp.ClientSession() as http:
        while True:
            told = await asyncio.to_thread(_told, name)
            if all([await serves(http, ip, HOST, path) == wanted for ip in pod_ips]):
                break
            if told:  # before the pods were asked: it must never be
                figures.untrue.append(f"change {number}: {told}")
            if time.monotonic() - started > IN_FORCE_SECONDS:
                raise AssertionError(f"change {number} is not in force")
        figures.in_force.append(time.monotonic() - started)
    await asyncio.to_thread(wait_for_condition, name, "mcpgateway/edge", "Programmed", seconds=15)
    figures.told.append(time.monotonic() - started)


def _told(name: str) -> str:
    """What `Programmed` says of the newest generation, if it is true."""
    generation = read("mcpgateway/edge", "-n", name)["metadata"]["generation"]
    told = condition(name, "mcpgateway/edge", "Programmed")
    newest = told.get("observedGeneration") == generation
    return str(told) if newest and told.get("status") == "True" else ""


async def run(changes: int) -> int:
    figures = Figures()
    with namespace("routes") as name:
        url = await asyncio.to_thread(serving, name)
        ips = [pod["status"]["podIP"] for pod in pods(name, "moorage.dev/gateway=edge")]
        async with Load(sessions=20, host=HOST).on(url) as tally:
            for number in range(changes):
                await change(name, number, ips, figures)
    print(f"{changes} changes on {len(ips)} pods: in force p50 {figures.p50:.2f} s, ", end="")
    print(f"p99 {figures.p99:.2f} s; told p50 {statistics.median(figures.told):.2f} s")
    print("\n".join([str(tally), *figures.untrue]))
    good = figures.p50 <= P50_SECONDS and figures.p99 <= P99_SECONDS
    return 0 if good and not tally.failures and not figures.untrue else 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="e2e.route_changes")
    parser.add_argument("--changes", type=int, default=100)
    with installed():
        return asyncio.run(run(parser.parse_args().changes))


if __name__ == "__main__":
    sys.exit(main())

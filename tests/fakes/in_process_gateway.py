"""A whole gateway in the test's own process: real sockets, real parts, short times."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from fakes.honest_endpoint import HonestUpstream
from moorage_contract.route_table import Endpoint, Group, Route, RouteTable, SessionRules
from moorage_gateway.process import Gateway
from moorage_gateway.settings import GatewaySettings, Limits
from moorage_wire.capsules import KeyRing

READY_SECONDS = 5.0
RING = KeyRing.new(b"k" * 32)
QUICK = Limits(readiness_seconds=0.0, drain_seconds=1.0)
GATEWAY = "tests/gateway"


def endpoints_of(urls: Sequence[str]) -> tuple[Endpoint, ...]:
    """Endpoints at these URLs."""
    return tuple(Endpoint(uid=f"uid-{number}", url=url) for number, url in enumerate(urls))


def table_of(
    urls: Sequence[str], *, sessions: SessionRules | None = None, answer_seconds: int = 5
) -> RouteTable:
    """One group behind /mcp, and the same group behind /other."""
    group = Group(
        name="servers",
        source="External",
        endpoints=endpoints_of(urls),
        sessions=sessions or SessionRules(),
        answer_seconds=answer_seconds,
    )
    routes = (Route(path="/mcp", group="servers"), Route(path="/other", group="servers"))
    return RouteTable(gateway=GATEWAY, routes=routes, groups=(group,))


def urls_of(upstreams: Sequence[HonestUpstream]) -> list[str]:
    return [each.server.url for each in upstreams]


def without(table: RouteTable, uid: str) -> RouteTable:
    """The same table but for one endpoint."""
    group = table.groups[0]
    kept = tuple(endpoint for endpoint in group.endpoints if endpoint.uid != uid)
    return replace_endpoints(table, kept)


def replace_endpoints(table: RouteTable, endpoints: tuple[Endpoint, ...]) -> RouteTable:
    """The same table with other endpoints."""
    group = table.groups[0]
    return RouteTable(
        gateway=table.gateway,
        routes=table.routes,
        groups=(
            Group(
                name=group.name,
                source=group.source,
                endpoints=endpoints,
                sessions=group.sessions,
                answer_seconds=group.answer_seconds,
            ),
        ),
    )


@asynccontextmanager
async def gateway(
    table: RouteTable,
    limits: Limits = QUICK,
    *,
    ring: KeyRing = RING,
    access_log: int | None = None,
    ready: int | None = None,
) -> AsyncIterator[Gateway]:
    """A serving gateway; all endpoints (or `ready` of them) are verified when this yields."""
    settings = GatewaySettings(listen_port=0, admin_port=0, limits=limits, access_log=access_log)
    made = Gateway(settings, ring)
    await made.start(table)
    try:
        wanted = sum(len(group.endpoints) for group in table.groups) if ready is None else ready
        await until_ready(made, wanted)
        yield made
    finally:
        await made.stop()


async def until_ready(made: Gateway, count: int) -> None:
    """Wait until so many endpoints are ready, and no more than that many."""

    def ready() -> int:
        groups = made.status().groups
        return sum(each.state == "ready" for group in groups for each in group.endpoints)

    await until(lambda: ready() == count, f"{count} endpoints are ready")


async def until(condition: Any, what: str, seconds: float = READY_SECONDS) -> None:
    """Wait for a condition; fails with `what` when it does not come."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, f"never: {what}"
        await asyncio.sleep(0.005)


async def refusals(made: Gateway) -> dict[str, int]:
    """`moorage_refused_total` by reason, as the metrics page shows it."""
    found = {}
    for line in (await page(made, "/metrics"))[1].splitlines():
        if line.startswith("moorage_refused_total{"):
            found[line.split('"')[1]] = int(float(line.rsplit(" ", 1)[1]))
    return found


async def page(made: Gateway, path: str) -> tuple[int, str]:
    """Status and text of an admin page."""
    url = f"http://127.0.0.1:{made.admin_port}{path}"
    async with aiohttp.ClientSession() as client, client.get(url) as answer:
        return answer.status, await answer.text()


def resident_bytes() -> int:
    """What this process holds in memory."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

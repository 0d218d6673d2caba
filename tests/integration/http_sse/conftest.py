"""Gateways in this process, servers in their own."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.child_process import TESTS_ROOT
from integration.http_sse.scripted_endpoint import ScriptedEndpoint, scripted_endpoint
from integration.http_sse.scripted_streamable import ScriptedStreamable, scripted_streamable
from moorage_contract.route_table import Endpoint, Group, Route, RouteTable, SessionRules
from moorage_gateway.process import Gateway
from moorage_gateway.settings import GatewaySettings, Limits
from moorage_wire.capsules import KeyRing

RING = KeyRing.new(b"r" * 32)
START_SECONDS = 20.0


class GatewayStarter:
    """Starts gateways that share one key ring: replicas of each other."""

    def __init__(self) -> None:
        self.gateways: list[Gateway] = []

    async def __call__(
        self, *groups: Group, ring: KeyRing = RING, await_ready: bool = True, **limits: Any
    ) -> tuple[Gateway, str]:
        """A gateway and its base URL; each group is served at ``/NAME``."""
        bounds = Limits(**{"readiness_seconds": 0.0, "drain_seconds": 2.0, **limits})
        gateway = Gateway(GatewaySettings(listen_port=0, admin_port=0, limits=bounds), ring)
        await gateway.start(table(*groups))
        self.gateways.append(gateway)
        if await_ready:
            await eventually(lambda: all_ready(gateway))
        return gateway, f"http://127.0.0.1:{gateway.port}"


def table(*groups: Group) -> RouteTable:
    routes = tuple(Route(path=f"/{group.name}", group=group.name) for group in groups)
    return RouteTable(gateway="tests/http-sse", routes=routes, groups=groups)


def group(name: str, url: str, transport: Any = "StreamableHttp", **rules: Any) -> Group:
    """A group of one endpoint."""
    answer_seconds = rules.pop("answer_seconds", 300)
    return Group(
        name=name,
        source="External",
        transport=transport,
        endpoints=(Endpoint(uid=f"{name}-1", url=url),),
        sessions=SessionRules(**rules),
        answer_seconds=answer_seconds,
    )


def all_ready(gateway: Gateway) -> bool:
    groups = gateway.status().groups
    return all(endpoint.state == "ready" for each in groups for endpoint in each.endpoints)


def refusals(gateway: Gateway) -> dict[str, int]:
    return dict(gateway.status().refusals)


async def eventually(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        await asyncio.sleep(0.01)


@pytest.fixture
async def start_gateway() -> AsyncIterator[Callable[..., Awaitable[tuple[Gateway, str]]]]:
    starter = GatewayStarter()
    yield starter
    await asyncio.gather(*(gateway.stop() for gateway in starter.gateways))


@pytest.fixture
async def endpoint() -> AsyncIterator[ScriptedEndpoint]:
    async with scripted_endpoint() as scripted:
        yield scripted


@pytest.fixture
async def streamable() -> AsyncIterator[ScriptedStreamable]:
    async with scripted_streamable() as scripted:
        yield scripted


@pytest.fixture(scope="session")
def sdk_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base URL of a server with the official SDK: /mcp and /sse."""
    folder = tmp_path_factory.mktemp("sdk-server")
    process, port = start_sdk_server(folder)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def start_sdk_server(folder: Path) -> tuple["subprocess.Popen[bytes]", int]:
    port_file, output = folder / "port", folder / "output"
    module = "integration.http_sse.sdk_server"
    command: list[str | Path] = [sys.executable, "-m", module, "--port-file", port_file]
    with output.open("wb") as sink:
        process = subprocess.Popen(command, cwd=TESTS_ROOT, stdout=sink, stderr=sink)
    deadline = time.monotonic() + START_SECONDS
    while not port_file.exists():
        assert process.poll() is None and time.monotonic() < deadline, output.read_text()
        time.sleep(0.02)
    return process, int(port_file.read_text())

"""Whoever only connects, or never ends its TLS handshake or its head, keeps nobody out."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from fakes.operator_channel import Operator, connected, operator
from moorage_operator.running import health_server
from moorage_operator.running.doorway import DoorBounds
from moorage_operator.running.health_server import start_health_server
from moorage_operator.running.operator_metrics import OperatorMetrics
from moorage_operator.running.report_channel import report_server

BOUNDS = DoorBounds(strangers=20, per_address=8, seconds=1.5)
ADDRESSES = [f"127.0.0.{last}" for last in range(2, 12)]

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture(autouse=True)
def small_doors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_server, "DOOR", BOUNDS, raising=False)
    monkeypatch.setattr(health_server, "DOOR", BOUNDS, raising=False)


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@asynccontextmanager
async def strangers(
    port: int, addresses: list[str], tls: ssl.SSLContext | None, first_bytes: bytes
) -> AsyncIterator[list[Stream]]:
    """Connections that never go on; those that are refused at once are left out."""
    async with AsyncExitStack() as stack:
        there: list[Stream] = []
        for address in addresses:
            try:
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", port, ssl=tls, local_addr=(address, 0)
                )
            except OSError:
                continue
            stack.callback(writer.transport.abort)
            writer.write(first_bytes)
            there.append((reader, writer))
        yield there


async def still_open(there: list[Stream]) -> int:
    await asyncio.sleep(0.2)
    return sum(not reader.at_eof() and reader.exception() is None for reader, _ in there)


async def all_closed(there: list[Stream]) -> float:
    """Seconds until the other end has closed them all."""
    begun_at = time.monotonic()
    async with asyncio.timeout(5):
        while await still_open(there):
            pass
    return time.monotonic() - begun_at


async def is_heard(leader: Operator) -> bool:
    async with connected(leader, leader.cluster.token("honest")) as socket:
        await socket.send_str(
            '{"seq":1,"whole":true,"gateway":"tests/gateway","pod":"honest","table_digest":"d"}'
        )
        return (await socket.receive(timeout=3)).type is aiohttp.WSMsgType.TEXT


SILENT: list[tuple[Callable[[], ssl.SSLContext | None], bytes]] = [
    (lambda: None, b""),
    (unverified, b""),
    (unverified, b"GET /report HTTP/1.1\r\nHost: a\r\n"),
]


@pytest.mark.parametrize(("tls", "first_bytes"), SILENT, ids=["no-tls", "no-head", "half-a-head"])
async def test_strangers_are_few_and_leave_soon(
    tmp_path: Path, tls: Callable[[], ssl.SSLContext | None], first_bytes: bytes
) -> None:
    async with operator(tmp_path) as leader:
        port = leader.server.port
        async with strangers(port, ADDRESSES * 6, tls(), first_bytes) as there:
            assert await still_open(there) <= BOUNDS.strangers
            assert await is_heard(leader)
            assert await all_closed(there) < BOUNDS.seconds + 1.0
        assert leader.server.refused["NoTokenInTime"] >= 60 - BOUNDS.strangers


async def test_one_address_takes_no_more_than_its_share(tmp_path: Path) -> None:
    async with (
        operator(tmp_path) as leader,
        strangers(leader.server.port, ["127.0.0.2"] * 60, None, b"") as there,
    ):
        assert await still_open(there) == BOUNDS.per_address
        assert await is_heard(leader)


async def test_who_has_shown_its_token_stays(tmp_path: Path) -> None:
    async with operator(tmp_path) as leader, AsyncExitStack() as stack:
        for n in range(BOUNDS.strangers + 5):
            token = leader.cluster.token(f"pod-{n}")
            await stack.enter_async_context(connected(leader, token))
        await asyncio.sleep(BOUNDS.seconds + 0.5)
        assert leader.server.connections == BOUNDS.strangers + 5
        assert not any(leader.server.refused.values())


async def test_the_metrics_port_answers_among_strangers() -> None:
    health = await start_health_server(0, lambda: True, OperatorMetrics(), lambda: None)
    try:
        async with strangers(health.port, ADDRESSES * 6, None, b"GET /") as there:
            assert await still_open(there) <= BOUNDS.strangers
            async with (
                aiohttp.ClientSession() as http,
                http.get(f"http://127.0.0.1:{health.port}/metrics") as answer,
            ):
                assert answer.status == 200
                assert answer.headers["Connection"] == "close"
            assert await all_closed(there) < BOUNDS.seconds + 1.0
    finally:
        await health.cleanup()

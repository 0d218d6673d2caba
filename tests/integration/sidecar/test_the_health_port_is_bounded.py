"""Whoever reaches the health port of a stdio pod can hold few connections, and each for seconds."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from moorage_sidecar.health_site import HealthSite
from moorage_site import bounded_site


async def _ready() -> str:
    return ""


async def _drain() -> None: ...


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(bounded_site, "MAX_CONNECTIONS", 3)
    monkeypatch.setattr(bounded_site, "SWEEP_SECONDS", 0.3)
    site = HealthSite(_ready, _drain)
    await site.start("127.0.0.1", 0)
    yield int(site.address.rpartition(":")[2])
    await site.stop()


async def alive(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: pod\r\n\r\n")
    assert await asyncio.wait_for(reader.readuntil(b"alive\n"), 5)
    writer.close()


async def test_idle_connections_make_room_for_the_kubelet(port: int) -> None:
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(10)]
    await alive(port)
    for reader, writer in held[:7]:
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
    for _, writer in held[7:]:
        writer.close()


async def test_a_head_that_never_ends_is_closed(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: p")
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    await alive(port)

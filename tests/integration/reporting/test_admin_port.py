"""The admin port answers its pages over real sockets, within its bounds, and stops in time."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families

from moorage_gateway.reporting.admin_pages import Readiness
from moorage_gateway.reporting.admin_site import AdminSite
from moorage_gateway.reporting.cells import Cells
from moorage_gateway.reporting.gateway_metrics import GatewayMetrics, ProcessFacts
from moorage_site import bounded_site


@dataclass
class Running:
    """An admin site with what it asks, and a client of it."""

    client: aiohttp.ClientSession
    cells: Cells = field(default_factory=Cells)
    readiness: Readiness = field(default_factory=lambda: Readiness(ready=True))
    status: Mapping[str, Any] = field(default_factory=dict)
    inbox: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        metrics = GatewayMetrics(self.cells, ProcessFacts("1.2.3", lambda: 0.0, lambda: 0))
        self.site = AdminSite(
            metrics.render,
            lambda: self.readiness,
            lambda: self.status,
            self.cells.refused,
            [web.post("/replica/inbox", self._inbox)],
        )

    async def _inbox(self, request: web.Request) -> web.Response:
        self.inbox.set()
        await self.release.wait()
        return web.Response(text=f"took {len(await request.read())}")

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.site.port}{path}"


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with aiohttp.ClientSession() as client:
        made = Running(client)
        await made.site.start("127.0.0.1", 0)
        yield made
        await made.site.stop(0.1)


Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def opened(port: int) -> Stream:
    """A connection that the admin port has taken."""
    stream = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.sleep(0.02)
    return stream


async def healthy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """The answer of /healthz on a connection that stays open."""
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    return await asyncio.wait_for(reader.readuntil(b"ok\n"), 5)


async def test_healthz_is_ok_while_the_loop_runs(running: Running) -> None:
    async with running.client.get(running.url("/healthz")) as answer:
        assert (answer.status, await answer.text()) == (200, "ok\n")


async def test_readyz_tells_what_is_lacking(running: Running) -> None:
    async with running.client.get(running.url("/readyz")) as answer:
        assert (answer.status, await answer.json()) == (200, {"ready": True, "reasons": []})
    running.readiness = Readiness(False, ("no route table", "stopping"))
    async with running.client.get(running.url("/readyz")) as answer:
        assert answer.status == 503
        assert await answer.json() == {"ready": False, "reasons": ["no route table", "stopping"]}


async def test_metrics_come_in_the_format_asked_for(running: Running) -> None:
    running.cells.request_finished("/a/mcp", "ping", "ok", 0.1, 1, 1)
    async with running.client.get(running.url("/metrics")) as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        plain = {family.name for family in text_string_to_metric_families(await answer.text())}
    accept = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.3"}
    async with running.client.get(running.url("/metrics"), headers=accept) as answer:
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
        families = list(parse_openmetrics(await answer.text()))  # type: ignore[no-untyped-call]
    assert "moorage_requests" in plain & {family.name for family in families}


async def test_scrapes_at_the_same_time_all_get_the_whole_page(running: Running) -> None:
    for number in range(300):
        running.cells.request_finished(f"/{number}/mcp", "ping", "ok", 0.1, 1, 1)

    async def scrape() -> int:
        async with running.client.get(running.url("/metrics")) as answer:
            return (await answer.text()).count("moorage_requests_total{")

    assert await asyncio.gather(*(scrape() for _ in range(20))) == [300] * 20


async def test_a_scrape_of_many_series_does_not_hold_the_loop_up(running: Running) -> None:
    for number in range(1024):
        running.cells.request_finished(f"/{number}/mcp", "ping", "ok", 0.1, 1, 1)
    gaps: list[float] = []

    async def tick() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            gaps.append(time.perf_counter() - before)

    ticking = asyncio.create_task(tick())
    begun = time.perf_counter()
    async with running.client.get(running.url("/metrics")) as answer:
        await answer.read()
    scrape_seconds = time.perf_counter() - begun
    ticking.cancel()
    assert max(gaps) < scrape_seconds / 2
    assert len(gaps) > 5


async def test_status_is_what_the_gateway_says(running: Running) -> None:
    running.status = {"routes": [{"path": "/a/mcp", "group": "tickets"}]}
    async with running.client.get(running.url("/status")) as answer:
        assert answer.headers["Content-Type"] == "application/json"
        assert await answer.json() == running.status


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/status"])
@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
async def test_pages_are_for_get_only(running: Running, method: str, path: str) -> None:
    async with running.client.request(method, running.url(path)) as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/status", "/replica/inbox"])
@pytest.mark.parametrize(
    ("header", "value", "reason"),
    [
        ("Host", "evil.example", "AdminHostRefused"),
        ("Origin", "http://localhost:9090", "AdminOriginRefused"),
    ],
)
async def test_every_page_refuses_what_a_web_page_sends(
    running: Running, path: str, header: str, value: str, reason: str
) -> None:
    method = "POST" if path == "/replica/inbox" else "GET"
    async with running.client.request(method, running.url(path), headers={header: value}) as answer:
        assert (answer.status, (await answer.json())["reason"]) == (403, reason)
    assert running.cells.refusals == {reason: 1}
    assert not running.inbox.is_set()


async def test_the_replica_handler_stands_on_the_same_port(running: Running) -> None:
    running.release.set()
    async with running.client.post(running.url("/replica/inbox"), data=b"12345") as answer:
        assert (answer.status, await answer.text()) == (200, "took 5")


async def test_a_full_port_makes_room_by_closing_what_is_idle_for_longest(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_site, "MAX_CONNECTIONS", 3)
    held = [await opened(running.site.port) for _ in range(3)]
    for reader, writer in held[::-1]:
        assert await healthy(reader, writer)
    longest_idle = held.pop()
    newest = await opened(running.site.port)
    assert await healthy(*newest)
    assert await asyncio.wait_for(longest_idle[0].read(), 5) == b""
    for reader, writer in held:
        assert await healthy(reader, writer)
    assert running.cells.refusals == {}
    for _, writer in (*held, longest_idle, newest):
        writer.close()


async def test_connections_past_the_bound_are_refused_and_counted_when_all_are_busy(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_site, "MAX_CONNECTIONS", 3)
    held = [await opened(running.site.port) for _ in range(3)]
    for _, writer in held:
        writer.write(b"POST /replica/inbox HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 2\r\n\r\nab")
        await asyncio.wait_for(running.inbox.wait(), 5)
        running.inbox.clear()
    reader, writer = await opened(running.site.port)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    assert running.cells.refusals == {"AdminConnectionsExhausted": 1}
    running.release.set()
    for held_reader, _ in held:
        assert await asyncio.wait_for(held_reader.readuntil(b"took 2"), 5)
    async with running.client.get(running.url("/healthz")) as answer:
        assert answer.status == 200
    for _, held_writer in held:
        held_writer.close()


async def test_readers_that_never_read_their_answer_hold_no_place(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_site, "MAX_CONNECTIONS", 2)
    running.status = {"long": "x" * 16_000_000}
    stalled = []
    for _ in range(6):
        _, writer = await asyncio.open_connection("127.0.0.1", running.site.port, limit=1)
        writer.write(b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await asyncio.sleep(0.1)
        stalled.append(writer)
        assert len(running.site._site.connections()) <= 2
    for writer in stalled:
        writer.transport.abort()


async def test_a_head_that_never_ends_is_closed_and_a_used_connection_is_not(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    await running.site.stop(0)
    monkeypatch.setattr(bounded_site, "SWEEP_SECONDS", 0.3)
    fresh = Running(running.client, running.cells)
    await fresh.site.start("127.0.0.1", 0)
    slow_reader, slow = await asyncio.open_connection("127.0.0.1", fresh.site.port)
    slow.write(b"GET /healthz HTTP/1.1\r\nHost: 127")
    used_reader, used = await asyncio.open_connection("127.0.0.1", fresh.site.port)
    request = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    used.write(request)
    await used_reader.readuntil(b"ok\n")
    assert await asyncio.wait_for(slow_reader.read(), 5) == b""
    await asyncio.sleep(0.7)
    used.write(request)
    assert await asyncio.wait_for(used_reader.readuntil(b"ok\n"), 5)
    assert running.cells.refusals == {"AdminHeadTimeout": 1}
    for writer in (slow, used):
        writer.close()
    await fresh.site.stop(0.1)


async def test_a_stop_lets_a_running_answer_end(running: Running) -> None:
    async def post() -> str:
        async with running.client.post(running.url("/replica/inbox"), data=b"123") as answer:
            return await answer.text()

    posting = asyncio.create_task(post())
    await running.inbox.wait()
    stopping = asyncio.create_task(running.site.stop(5))
    await asyncio.sleep(0.1)
    running.release.set()
    assert await asyncio.wait_for(posting, 5) == "took 3"
    await asyncio.wait_for(stopping, 5)


async def test_a_stop_ends_in_its_grace(running: Running) -> None:
    async def post() -> None:
        with pytest.raises(aiohttp.ClientError):
            await running.client.post(running.url("/replica/inbox"), data=b"123")

    posting = asyncio.create_task(post())
    await running.inbox.wait()
    begun = time.monotonic()
    await running.site.stop(0.3)
    assert time.monotonic() - begun < 3
    await asyncio.wait_for(posting, 5)
    with pytest.raises(aiohttp.ClientConnectorError):
        await running.client.get(running.url("/healthz"))


async def test_a_taken_port_is_told(running: Running) -> None:
    second = Running(running.client)
    with pytest.raises(OSError, match="address already in use"):
        await second.site.start("127.0.0.1", running.site.port)
    await second.site.stop(0)

"""Every request to a group with a key shows it, whoever asked; a client's own passes nowhere."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from msgspec.structs import replace

from fakes.honest_endpoint import HonestUpstream, honest_upstreams
from fakes.honest_session import Session, open_session
from fakes.in_process_gateway import gateway, page, table_of, until, urls_of
from fakes.raw_http import call, connected, initialize, modern, post
from fakes.scripted_upstream import Received
from integration.http_sse.conftest import group as http_sse_group
from integration.http_sse.raw_clients import older_client
from integration.http_sse.scripted_endpoint import ScriptedEndpoint
from moorage_contract.route_table import Route, RouteTable
from moorage_gateway.process import Gateway
from moorage_gateway.routing import verification

KEY = "5e" * 32
FORGED = "Moorage-Key: " + "f0" * 32


def keyed(table: RouteTable, key: str | None = KEY) -> RouteTable:
    return replace(table, groups=tuple(replace(group, key=key) for group in table.groups))


@pytest.fixture
def quick_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "ROUND_SECONDS", 0.05)
    monkeypatch.setattr(verification, "QUIET_SECONDS", 0.05)


async def ask_everything(made: Gateway) -> None:
    """One request of each kind, each with a key that the client made up."""
    async with connected(made.port) as client, connected(made.port) as stream:
        await client.send(post(initialize(), FORGED))
        assert (await client.answer()).status == 200
        session = await open_session(client)
        assert (await session.ask(call(1), FORGED)).status == 200
        await stream.send(session.bodiless("GET", FORGED))
        assert (await stream.head()).status == 200
        await client.send(modern("tools/call", 2, FORGED, name="count", arguments={}))
        assert (await client.answer()).status == 200
        await listen(made)
        await end(made, session)


async def listen(made: Gateway) -> None:
    filter_ = {"toolsListChanged": True}
    async with connected(made.port) as client:
        await client.send(modern("subscriptions/listen", 3, FORGED, notifications=filter_))
        assert (await client.head()).status == 200
        await client.event_message()


async def end(made: Gateway, session: Session) -> None:
    async with connected(made.port) as client:
        await client.send(session.bodiless("DELETE", FORGED))
        assert (await client.answer()).status == 200


def keys_of(request: Received) -> list[bytes]:
    lines = request.raw_head.lower().split(b"\r\n")
    return [line.partition(b": ")[2] for line in lines if line.startswith(b"moorage-key:")]


def kinds(requests: list[Received]) -> set[str]:
    """HTTP methods, and what was asked by POST."""
    posted = {each.message.get("method", "answer") for each in requests if each.method == "POST"}
    return posted | {each.method for each in requests} - {"POST"}


async def asked_of(upstream: HonestUpstream, made: Gateway) -> list[Received]:
    await ask_everything(made)
    server = upstream.server
    await until(lambda: "OPTIONS" in kinds(server.own_requests), "it is pinged")
    assert kinds(server.own_requests) >= {"server/discover", "initialize", "DELETE", "OPTIONS"}
    assert kinds(server.requests) >= {
        *("initialize", "notifications/initialized", "tools/call", "subscriptions/listen"),
        *("GET", "DELETE"),
    }
    return [*server.own_requests, *server.requests]


async def test_every_request_shows_the_groups_key_once(quick_pings: None) -> None:
    async with (
        honest_upstreams() as (one,),
        gateway(keyed(table_of(urls_of([one])))) as made,
    ):
        for request in await asked_of(one, made):
            assert keys_of(request) == [KEY.encode()], request.raw_head


async def test_without_a_key_none_passes_not_even_the_clients(quick_pings: None) -> None:
    async with (
        honest_upstreams() as (one,),
        gateway(table_of(urls_of([one]))) as made,
    ):
        for request in await asked_of(one, made):
            assert keys_of(request) == [], request.raw_head


async def test_an_exchanged_key_is_shown_from_then_on_also_on_connections_that_are_open() -> None:
    async with honest_upstreams() as (one,):
        table = table_of(urls_of([one]))
        async with gateway(keyed(table)) as made, connected(made.port) as client:
            session = await open_session(client)
            await session.count()
            made.apply(keyed(table, "77" * 32))
            await session.count()
            before, after = one.server.requests[-2:]
            assert keys_of(before) == [KEY.encode()]
            assert keys_of(after) == [b"77" * 32]
            assert before.connection == after.connection


async def test_nothing_that_people_read_shows_it(
    caplog: pytest.LogCaptureFixture, tmp_path: Path, quick_pings: None
) -> None:
    caplog.set_level(logging.DEBUG)
    access_log = tmp_path / "access.log"
    descriptor = os.open(access_log, os.O_CREAT | os.O_WRONLY)
    try:
        async with honest_upstreams() as (one,):
            table = keyed(table_of(urls_of([one])))
            async with gateway(table, access_log=descriptor) as made:
                await ask_everything(made)
                await one.server.stop()
                async with connected(made.port) as client:
                    await client.send(post(initialize()))
                    refused = await client.answer()
                pages = [(await page(made, path))[1] for path in ("/status", "/metrics", "/readyz")]
                shown = [repr(made.status()), repr(table), str(table), *pages]
    finally:
        os.close(descriptor)
    written = await asyncio.to_thread(access_log.read_text)
    assert written.count("\n") > 5
    assert KEY not in "".join([*shown, caplog.text, written, refused.body.decode()])


# ---- HTTP+SSE


class KeyedEndpoint(ScriptedEndpoint):
    """Remembers which keys it was shown, by method and by who asked."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: set[tuple[str, bool, tuple[str, ...]]] = set()

    async def get(self, request: web.Request) -> web.StreamResponse:
        self._remember(request)
        return await super().get(request)

    async def post(self, request: web.Request) -> web.Response:
        self._remember(request)
        return await super().post(request)

    def _remember(self, request: web.Request) -> None:
        is_own = request.headers.get("user-agent") == "moorage"
        keys = tuple(request.headers.getall("moorage-key", []))
        self.shown.add((request.method, is_own, keys))


@asynccontextmanager
async def keyed_endpoint() -> AsyncIterator[KeyedEndpoint]:
    endpoint = KeyedEndpoint()
    app = web.Application()
    app.add_routes([web.get("/sse", endpoint.get), web.post("/messages", endpoint.post)])
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    endpoint.port = runner.addresses[0][1]
    try:
        yield endpoint
    finally:
        await runner.cleanup()


async def test_over_http_sse_stream_and_messages_show_it() -> None:
    async with keyed_endpoint() as endpoint:
        group = replace(http_sse_group("older", endpoint.url, "HttpSse"), key=KEY)
        routes = (Route(path="/older", group="older"),)
        table = RouteTable(gateway="tests/keys", routes=routes, groups=(group,))
        async with (
            gateway(table) as made,
            older_client(f"http://127.0.0.1:{made.port}", "/older") as client,
        ):
            await client.initialize()
        assert endpoint.shown == {
            (method, is_own, (KEY,)) for method in ("GET", "POST") for is_own in (True, False)
        }

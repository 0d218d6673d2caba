"""A group that no longer allows its gateway loses all running traffic within 2 s.

A whole gateway process, real servers behind it; each client is told, by an error or by an end that
its protocol knows, and a client that asks again is told why.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fakes.child_process import ServerProcess
from fakes.honest_endpoint import HonestUpstream, honest_upstreams, never_answer
from fakes.honest_session import Session, session
from fakes.in_process_gateway import until
from fakes.raw_http import RawClient, call, connected, message, modern, post
from fakes.scripted_upstream import Behaviour, Peer, Received
from integration.http_sse.raw_clients import call as tool_call
from integration.http_sse.raw_clients import newer_client, older_client
from integration.http_sse.scripted_endpoint import ScriptedEndpoint, scripted_endpoint
from integration.http_sse.scripted_streamable import (
    Exchange,
    ScriptedStreamable,
    scripted_streamable,
)
from integration.listening.certificates import HOST, Authority
from integration.listening.tls_endpoints import gated, terminated
from integration.listens.listeners import listening
from integration.watching import pod as pods
from integration.watching.fake_api import FakeApi
from integration.watching.pod_process import admin_page, pod_process
from moorage_contract.route_table import Endpoint, Group, Route, RouteTable, UpstreamTls

WHY = 'McpUpstreamGroup "tools/tickets" does not allow McpGateway "agents/gw"'
OUTCOME_UNKNOWN = -31001
SECONDS = 2.0
PROGRESS = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": 1}}
START_SECONDS = 20.0


def tables(*urls: str, transport: Any = "StreamableHttp", keys: str = "") -> RouteTable:
    endpoints = tuple(Endpoint(uid=f"uid-{at}", url=url) for at, url in enumerate(urls))
    return table_with(
        Group(name="tickets", source="External", transport=transport, endpoints=endpoints), keys
    )


def table_with(group: Group, keys: str = "") -> RouteTable:
    return RouteTable(
        gateway=pods.GATEWAY,
        hostnames=("127.0.0.1",),
        routes=(Route(path="/mcp", group="tickets"),),
        groups=(group,),
        keys=keys,
    )


def take_away(api: FakeApi, keys: str = "") -> None:
    """As the operator publishes it."""
    refused = Group(name="tickets", source="External", unresolved=WHY)
    pods.publish(api, pods.packed(table_with(refused, keys)))


@asynccontextmanager
async def serving(api: FakeApi, folder: Path, table: RouteTable) -> AsyncIterator[ServerProcess]:
    """A gateway process that serves the table, with its endpoints verified."""
    pods.publish(api, pods.packed(table))
    pods.put_ring(api, pods.OLD)
    async with pod_process(api.url, pods.files_in(folder)) as process:
        deadline = time.monotonic() + START_SECONDS
        while (await admin_page(process, "/readyz"))[0] != 200:
            process.child.require_running()
            assert time.monotonic() < deadline, process.child.output()
            await asyncio.sleep(0.02)
        yield process


@asynccontextmanager
async def over(
    api: FakeApi, folder: Path, on: dict[str, Behaviour] | None = None, count: int = 1
) -> AsyncIterator[tuple[ServerProcess, list[HonestUpstream]]]:
    async with honest_upstreams(count, on) as upstreams:
        table = tables(*(each.server.url for each in upstreams))
        async with serving(api, folder, table) as process:
            yield process, upstreams


async def until_called(upstreams: list[HonestUpstream], method: str, count: int = 1) -> None:
    def calls() -> int:
        return sum(len(each.server.of(method)) for each in upstreams)

    await until(lambda: calls() == count, "the endpoints have the calls")


async def until_untouched(upstreams: list[HonestUpstream]) -> None:
    """No connection to any of them is left."""
    servers = [each.server for each in upstreams]
    await until(lambda: not any(each.open_peers for each in servers), "no connection is left")


async def assert_told_why(process: ServerProcess, caller: Session) -> None:
    """Whoever asks again learns the reason."""
    async with connected(process.port) as client:
        await client.send(caller.bodiless("GET"))
        answer = await client.answer()
        assert (answer.status, answer.reason) == (503, "UpstreamUnresolved")
        assert WHY in answer.error["message"]


async def begun(caller: Session, body: object) -> RawClient:
    await caller.client.send(caller.post(body))
    return caller.client


async def ends(client: RawClient) -> bytes:
    """All events up to the end of a stream."""
    events = b""
    while event := await client.event():
        events += event
    return events


async def streams_with_ids(request: Received, peer: Peer) -> None:
    await peer.stream()
    await peer.event(PROGRESS, event_id="e-1")
    await peer.gone.wait()


async def streams_without_ids(request: Received, peer: Peer) -> None:
    await peer.stream()
    await peer.event(PROGRESS)
    await peer.gone.wait()


async def says_nothing(request: Received, peer: Peer) -> None:
    await peer.gone.wait()


async def test_calls_of_both_eras_are_told_that_they_may_have_run(
    api: FakeApi, tmp_path: Path
) -> None:
    async with (
        over(api, tmp_path, {"slow": never_answer}) as (process, upstreams),
        session(process.port) as caller,
        connected(process.port) as other,
    ):
        client = await begun(caller, call("c", "slow"))
        await other.send(modern("tools/call", "m", name="slow", arguments={}))
        await until_called(upstreams, "tools/call", 2)
        take_away(api)
        async with asyncio.timeout(SECONDS):
            for each, request_id in ((client, "c"), (other, "m")):
                answer = await each.answer()
                assert (answer.status, answer.reason) == (502, "OutcomeUnknown")
                assert answer.message["id"] == request_id
                assert answer.error["code"] == OUTCOME_UNKNOWN
                assert WHY in answer.error["message"]
            await until_untouched(upstreams)
        await assert_told_why(process, caller)


async def test_a_call_is_told_though_the_route_went_too(api: FakeApi, tmp_path: Path) -> None:
    async with (
        over(api, tmp_path, {"slow": never_answer}) as (process, upstreams),
        session(process.port) as caller,
    ):
        client = await begun(caller, call("c", "slow"))
        await until_called(upstreams, "tools/call")
        refused = Group(name="tickets", source="External", unresolved=WHY)
        table = msgspec.structs.replace(table_with(refused), routes=())
        pods.publish(api, pods.packed(table))
        async with asyncio.timeout(SECONDS):
            answer = await client.answer()
            assert (answer.status, answer.reason) == (502, "OutcomeUnknown")
            assert WHY in answer.error["message"]
            await until_untouched(upstreams)


@pytest.mark.parametrize("behaviour", [streams_with_ids, streams_without_ids])
async def test_post_streams_end_with_an_error_also_where_they_could_be_resumed(
    api: FakeApi, tmp_path: Path, behaviour: Behaviour
) -> None:
    async with (
        over(api, tmp_path, {"slow": behaviour}) as (process, upstreams),
        session(process.port) as caller,
    ):
        client = await begun(caller, call("c", "slow"))
        assert (await client.head()).status == 200
        assert (await client.event_message())["method"] == PROGRESS["method"]
        take_away(api)
        async with asyncio.timeout(SECONDS):
            told = await client.event_message()
            assert (told["id"], told["error"]["code"]) == ("c", OUTCOME_UNKNOWN)
            assert WHY in told["error"]["message"]
            assert await client.event() == b""
            await until_untouched(upstreams)


async def test_get_streams_end_in_good_order(api: FakeApi, tmp_path: Path) -> None:
    async with (
        over(api, tmp_path) as (process, upstreams),
        session(process.port) as caller,
        connected(process.port) as client,
    ):
        await client.send(caller.bodiless("GET"))
        assert (await client.head()).status == 200
        take_away(api)
        async with asyncio.timeout(SECONDS):
            assert await ends(client) == b"retry: 1000\n\n"
            await until_untouched(upstreams)
        await assert_told_why(process, caller)


async def test_a_get_stream_that_has_not_begun_is_refused(api: FakeApi, tmp_path: Path) -> None:
    async with (
        over(api, tmp_path, {"GET": says_nothing}) as (process, upstreams),
        session(process.port) as caller,
        connected(process.port) as client,
    ):
        await client.send(caller.bodiless("GET"))
        requests = upstreams[0].server.requests
        await until(lambda: any(each.method == "GET" for each in requests), "the GET is there")
        take_away(api)
        async with asyncio.timeout(SECONDS):
            answer = await client.answer()
            assert (answer.status, answer.reason) == (503, "UpstreamUnresolved")
            await until_untouched(upstreams)


async def test_calls_of_an_endpoint_that_left_before_are_told_too(
    api: FakeApi, tmp_path: Path
) -> None:
    async with (
        over(api, tmp_path, {"slow": never_answer}, 2) as (process, upstreams),
        connected(process.port) as client,
    ):
        await client.send(modern("tools/call", "m", name="slow", arguments={}))
        await until_called(upstreams, "tools/call")
        (stays,) = [each for each in upstreams if not each.server.of("tools/call")]
        at = upstreams.index(stays)
        group = Group(
            name="tickets",
            source="External",
            endpoints=(Endpoint(uid=f"uid-{at}", url=stays.server.url),),
        )
        pods.publish(api, pods.packed(table_with(group)))
        await asyncio.sleep(0.5)
        take_away(api)
        async with asyncio.timeout(SECONDS):
            answer = await client.answer()
            assert (answer.status, answer.reason) == (502, "OutcomeUnknown")
            assert WHY in answer.error["message"]
            await until_untouched(upstreams)


async def test_a_connection_that_is_made_too_late_carries_nothing(
    api: FakeApi, tmp_path: Path
) -> None:
    opened = asyncio.Event()
    opened.set()
    authority = Authority()
    async with (
        honest_upstreams(1, {"slow": never_answer}) as upstreams,
        terminated(upstreams[0].server.port, authority.leaf()) as tls_port,
        gated(tls_port, opened) as port,
    ):
        group = Group(
            name="tickets",
            source="External",
            endpoints=(Endpoint(uid="uid-0", url=f"https://127.0.0.1:{port}/mcp"),),
            tls=UpstreamTls(server_name=HOST, ca_pem=authority.pem),
        )
        async with serving(api, tmp_path, table_with(group)) as process, AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(connected(process.port)) for _ in range(4)]
            for client in clients[:3]:
                await client.send(modern("tools/call", "m", name="slow", arguments={}))
            await until_called(upstreams, "tools/call", 3)
            opened.clear()
            await clients[3].send(modern("tools/call", "m", name="slow", arguments={}))
            await asyncio.sleep(0.2)
            take_away(api)
            for client in clients[:3]:
                assert (await client.answer()).reason == "OutcomeUnknown"
            opened.set()
            async with asyncio.timeout(5):
                answer = await clients[3].answer()
            assert (answer.status, answer.reason) == (503, "UpstreamUnresolved")
            assert len(upstreams[0].server.of("tools/call")) == 3


async def test_nothing_waits_for_keys_that_cannot_be_read(api: FakeApi, tmp_path: Path) -> None:
    """The group's key leaves the Secret with the permission, so the table names other keys."""
    async with (
        over(api, tmp_path, {"slow": never_answer}) as (process, upstreams),
        session(process.port) as caller,
    ):
        client = await begun(caller, call("c", "slow"))
        await until_called(upstreams, "tools/call")
        api.secret_pause_seconds = 20.0
        take_away(api, keys="0" * 64)
        async with asyncio.timeout(SECONDS):
            assert (await client.answer()).reason == "OutcomeUnknown"
            await until_untouched(upstreams)
        await assert_told_why(process, caller)


async def test_listens_end_with_their_result(api: FakeApi, tmp_path: Path) -> None:
    async with (
        over(api, tmp_path, count=2) as (process, upstreams),
        listening(process.port) as listener,
    ):
        take_away(api)
        async with asyncio.timeout(SECONDS):
            told = await listener.hears()
            assert (told["id"], told["result"]["resultType"]) == ("l", "complete")
            assert await listener.client.event() == b""
            await until_untouched(upstreams)


async def test_listens_end_though_no_endpoint_was_left(api: FakeApi, tmp_path: Path) -> None:
    async with (
        over(api, tmp_path) as (process, upstreams),
        listening(process.port) as listener,
    ):
        pods.publish(api, pods.packed(tables()))
        async with asyncio.timeout(5):
            await until_untouched(upstreams)
        take_away(api)
        async with asyncio.timeout(SECONDS):
            assert (await listener.hears())["result"]["resultType"] == "complete"


# HTTP+SSE


@asynccontextmanager
async def over_streamable(
    api: FakeApi, folder: Path
) -> AsyncIterator[tuple[str, ScriptedStreamable]]:
    async with (
        scripted_streamable() as endpoint,
        serving(api, folder, tables(endpoint.url)) as process,
    ):
        yield f"http://127.0.0.1:{process.port}", endpoint


@asynccontextmanager
async def over_http_sse(api: FakeApi, folder: Path) -> AsyncIterator[tuple[str, ScriptedEndpoint]]:
    async with (
        scripted_endpoint() as endpoint,
        serving(api, folder, tables(endpoint.url, transport="HttpSse")) as process,
    ):
        yield f"http://127.0.0.1:{process.port}", endpoint


async def hang(exchange: Exchange) -> None:
    await asyncio.Event().wait()


async def test_a_held_stream_ends_though_nothing_runs_on_it(api: FakeApi, tmp_path: Path) -> None:
    async with (
        over_streamable(api, tmp_path) as (base, _),
        older_client(base, "/mcp") as client,
        older_client(base, "/mcp") as silent,
    ):
        await client.initialize()
        take_away(api)
        async with asyncio.timeout(SECONDS):
            assert await client.stream.rest() == b""
            assert await silent.stream.rest() == b""


async def test_a_call_on_a_held_stream_is_told_and_never_fetched_later(
    api: FakeApi, tmp_path: Path
) -> None:
    async def breaks_off(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.say(PROGRESS, event_id="e-1")
        await asyncio.sleep(0.6)
        exchange.break_off()

    async with (
        over_streamable(api, tmp_path) as (base, endpoint),
        older_client(base, "/mcp") as client,
    ):
        await client.initialize()
        endpoint.behave["tools/call"] = breaks_off
        assert (await client.post(tool_call(1, "resumable"))).status == 202
        assert (await client.stream.message())["method"] == PROGRESS["method"]
        endpoint.behave["tools/call"] = hang
        assert (await client.post(tool_call(2, "hangs"))).status == 202
        await until(lambda: len(endpoint.seen) == 5, "both calls and the GET are there")
        take_away(api)
        async with asyncio.timeout(SECONDS):
            told = {(await client.stream.message())["id"]: 1 for _ in range(2)}
            assert set(told) == {1, 2}
            assert await client.stream.rest() == b""
        await asyncio.sleep(1.5)
        assert len(endpoint.seen) == 5


async def test_a_relayed_stream_ends(api: FakeApi, tmp_path: Path) -> None:
    async with (
        over_http_sse(api, tmp_path) as (base, endpoint),
        older_client(base, "/mcp") as client,
    ):
        await client.initialize()
        take_away(api)
        async with asyncio.timeout(SECONDS):
            assert await client.stream.rest() == b"retry: 1000\n\n"
            await endpoint.streams[0].closed.wait()


async def test_calls_and_streams_of_a_bridged_session_are_told(
    api: FakeApi, tmp_path: Path
) -> None:
    async with (
        over_http_sse(api, tmp_path) as (base, endpoint),
        newer_client(f"{base}/mcp") as client,
    ):
        await client.initialize()
        lost = asyncio.create_task(client.post(tool_call(2, "x")))
        async with client.listening() as stream:
            await until(lambda: len(endpoint.posts) == 3, "the call is there")
            take_away(api)
            async with asyncio.timeout(SECONDS):
                assert await stream.rest() == b""
                answer = await lost
                assert (answer.status, answer.reason) == (502, "OutcomeUnknown")
                assert WHY in answer.json["error"]["message"]
                await endpoint.streams[0].closed.wait()
        answer = await client.post(tool_call(3, "x"))
        assert (answer.status, answer.reason) == (503, "UpstreamUnresolved")


async def test_a_client_may_come_back_when_the_permission_does(
    api: FakeApi, tmp_path: Path
) -> None:
    async with over(api, tmp_path) as (process, upstreams):
        take_away(api)
        async with asyncio.timeout(SECONDS):
            await until_untouched(upstreams)
        async with connected(process.port) as client:
            await client.send(post(message("ping", 1)))
            assert (await client.answer()).status == 503
        pods.publish(api, pods.packed(tables(upstreams[0].server.url)))
        await asyncio.sleep(0.5)
        async with session(process.port) as caller:
            assert (await caller.count())["count"] == 1

"""Endpoints that refuse, swallow connections or hang: another serves, or one error says so."""

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from fakes.honest_endpoint import HonestUpstream, honest_upstreams, never_answer
from fakes.honest_session import open_session, session, untouched
from fakes.in_process_gateway import (
    QUICK,
    gateway,
    refusals,
    replace_endpoints,
    table_of,
    until,
    until_ready,
    urls_of,
)
from fakes.raw_http import Answer, call, connected, initialize, modern, post
from fakes.scripted_upstream import Peer, Received
from moorage_contract.route_table import Endpoint
from moorage_gateway.process import Gateway

IMPATIENT = replace(QUICK, connect_seconds=0.3, tls_connect_seconds=0.3)


async def initialized(port: int) -> Answer:
    """The answer to one initialize."""
    async with connected(port) as client:
        await client.send(post(initialize()))
        return await client.answer()


@contextmanager
def swallowing(port: int) -> Iterator[None]:
    """A listener on that port whose full backlog lets every further connect hang."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        yield


class Stopped:
    """A process that does not run; when it goes on, it answers what has come meanwhile."""

    def __init__(self, upstream: HonestUpstream) -> None:
        self._endpoint = upstream.endpoint
        self.go_on = asyncio.Event()

    async def __call__(self, request: Received, peer: Peer) -> None:
        await self.go_on.wait()
        await self._endpoint(request, peer)


def states(made: Gateway) -> list[str]:
    return [endpoint.state for endpoint in made.status().groups[0].endpoints]


async def test_nobody_listens_anywhere() -> None:
    async with honest_upstreams() as (upstream,):
        table = table_of(urls_of([upstream]))
        await upstream.server.stop()
        async with gateway(table, ready=0) as made:
            answer = await initialized(made.port)
            assert (answer.status, answer.reason) == (503, "NoReadyEndpoint")
            assert answer.header("retry-after") == "1"
            assert "check that the MCP server runs" in answer.error["data"]["remedy"]
            # It is verified again and again, and serves as soon as it is there.
            await upstream.server.start()
            await until_ready(made, 1)
            assert (await initialized(made.port)).status == 200


async def test_whatever_keeps_an_endpoint_away_is_told_in_words() -> None:
    async with honest_upstreams() as (plain,):
        endpoints = (
            Endpoint(uid="no such name", url="http://no-such-host.invalid/mcp"),
            Endpoint(uid="no TLS", url=plain.server.url.replace("http:", "https:")),
            Endpoint(uid="no socket", url="http://unix/mcp", unix_socket="/nonexistent/socket"),
            Endpoint(uid="no port", url="http://127.0.0.1:1/mcp"),
        )
        table = replace_endpoints(table_of([]), endpoints)
        async with gateway(table, IMPATIENT, ready=0) as made:
            answer = await initialized(made.port)
            assert (answer.status, answer.reason) == (503, "NoReadyEndpoint")

            def untold() -> list[str]:
                endpoints = made.status().groups[0].endpoints
                return [each.uid for each in endpoints if each.why == "not yet verified"]

            await until(lambda: not untold(), "each has a reason")
            for each in made.status().groups[0].endpoints:
                assert each.state == "verifying"
                assert each.why.startswith("the endpoint "), each
                assert "Error" not in each.why, each


async def test_an_endpoint_that_refuses_is_passed_over() -> None:
    async with (
        honest_upstreams(2) as (first, second),
        gateway(table_of(urls_of([first, second]))) as made,
    ):
        async with session(made.port) as on_first:
            await first.server.stop()
            answer = await on_first.ask(call(1))
            assert (answer.status, answer.reason) == (404, "EndpointGone")
            async with untouched(made.port):
                for _ in range(5):
                    assert (await initialized(made.port)).status == 200
        assert len(second.endpoint.sessions) == 6
        assert states(made)[0] == "down"


async def test_an_endpoint_that_swallows_connections_is_passed_over() -> None:
    async with (
        honest_upstreams(2) as (first, second),
        gateway(table_of(urls_of([first, second])), IMPATIENT) as made,
    ):
        await first.server.stop()
        with swallowing(first.server.port):
            begun = asyncio.get_running_loop().time()
            assert (await initialized(made.port)).status == 200
            assert asyncio.get_running_loop().time() - begun < 0.3 + 0.3
            assert len(second.endpoint.sessions) == 1
            # From now on it costs nobody any time.
            begun = asyncio.get_running_loop().time()
            assert (await initialized(made.port)).status == 200
            assert asyncio.get_running_loop().time() - begun < 0.2


async def test_a_session_on_an_endpoint_that_swallows_connections_is_told_to_wait() -> None:
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream])), IMPATIENT) as made,
        session(made.port) as caller,
    ):
        await upstream.server.stop()
        with swallowing(upstream.server.port):
            answer = await caller.ask(call(1))
            assert (answer.status, answer.reason) == (503, "ConnectTimeout")
            assert answer.header("retry-after") == "1"
        await upstream.server.start()
        # The process kept its state, and the session is what it was.
        await caller.count()


async def test_a_modern_request_that_was_sent_is_never_sent_again() -> None:
    async def reset(request: Received, peer: Peer) -> None:
        peer.reset()

    async with (
        honest_upstreams(3, on={"bad": reset}) as upstreams,
        gateway(table_of(urls_of(upstreams))) as made,
        connected(made.port) as client,
        untouched(made.port),
    ):
        for number in range(5):
            await client.send(modern("tools/call", number, name="bad", arguments={}))
            answer = await client.answer()
            assert (answer.status, answer.reason) == (502, "OutcomeUnknown")
            seen = [r for u in upstreams for r in u.server.requests if b'"bad"' in r.body]
            assert len(seen) == number + 1


async def test_a_modern_request_that_reached_nobody_goes_to_another() -> None:
    async with (
        honest_upstreams(3) as upstreams,
        gateway(table_of(urls_of(upstreams)), IMPATIENT) as made,
        connected(made.port) as client,
    ):
        await upstreams[0].server.stop()
        await upstreams[1].server.stop()
        with swallowing(upstreams[1].server.port):
            await client.send(modern("tools/call", 1, name="count", arguments={}))
            answer = await client.answer()
        assert answer.status == 200
        assert json.loads(answer.message["result"]["content"][0]["text"])["endpoint"] == "e2"
        assert await refusals(made) == {}


async def test_a_killed_endpoint_costs_one_error_per_call_and_no_time() -> None:
    async with (
        honest_upstreams(2, on={"hangs": never_answer}) as (first, second),
        gateway(table_of(urls_of([first, second]))) as made,
        session(made.port) as caller,
    ):
        await caller.client.send(caller.post(call("x", "hangs")))
        await until(lambda: first.server.of("tools/call"), "it runs")
        await first.server.stop()
        answer = await caller.client.answer()
        assert (answer.status, answer.reason) == (502, "OutcomeUnknown")
        begun = asyncio.get_running_loop().time()
        assert (await caller.ask(call("y"))).status == 404
        renewed = await open_session(caller.client)
        assert (await renewed.count())["endpoint"] == "e1"
        assert asyncio.get_running_loop().time() - begun < 0.25
        assert len(second.server.of("tools/call")) == 1


async def test_an_endpoint_that_hangs_gets_no_new_sessions_and_comes_back() -> None:
    async with (
        honest_upstreams(2) as (first, second),
        gateway(table_of(urls_of([first, second]), answer_seconds=30)) as made,
        session(made.port) as caller,
    ):
        # As if stopped by a signal: its kernel takes what comes, the process answers nothing.
        stopped = first.server.behaviour = Stopped(first)
        await caller.client.send(caller.post(call("x")))
        begun = asyncio.get_running_loop().time()
        await until(lambda: states(made)[0] == "down", "it is ejected", seconds=6)
        assert asyncio.get_running_loop().time() - begun < 3.2
        async with untouched(made.port):
            assert len(second.endpoint.sessions) == 1
        begun = asyncio.get_running_loop().time()
        stopped.go_on.set()
        await until(lambda: states(made)[0] == "ready", "it is back", seconds=6)
        assert asyncio.get_running_loop().time() - begun < 1
        assert (await caller.client.answer()).message["id"] == "x"


async def test_the_only_endpoint_may_be_busy_for_a_while() -> None:
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream]), answer_seconds=30)) as made,
        session(made.port) as caller,
    ):
        busy = upstream.server.behaviour = Stopped(upstream)
        await caller.client.send(caller.post(call(1)))
        await until(lambda: states(made)[0] == "down", "it is ejected", seconds=6)
        assert states(made) == ["down"]
        newcomer = asyncio.create_task(initialized(made.port))
        await asyncio.sleep(0.1)
        # Nobody else could take it, and a refusal would help nobody.
        assert not newcomer.done()
        busy.go_on.set()
        assert (await newcomer).status == 200
        assert (await caller.client.answer()).status == 200
        caller.calls = 1
        await caller.count()
        await until_ready(made, 1)


async def test_get_and_delete_on_a_vanished_endpoint_are_honest_404s() -> None:
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream]))) as made,
        session(made.port) as caller,
    ):
        await upstream.server.stop()
        for method in ("GET", "DELETE"):
            await caller.client.send(caller.bodiless(method))
            answer = await caller.client.answer()
            assert (answer.status, answer.reason) == (404, "EndpointGone")


async def test_a_second_get_stream_gets_the_endpoints_own_refusal() -> None:
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream]))) as made,
        session(made.port) as caller,
        connected(made.port) as other,
    ):
        await caller.client.send(caller.bodiless("GET"))
        assert (await caller.client.head()).status == 200
        await other.send(caller.bodiless("GET"))
        assert (await other.answer()).status == 409
        # The first one lives on, and its end makes room.
        await upstream.endpoint.streams[_only(upstream)].event({"jsonrpc": "2.0", "method": "m"})
        assert (await caller.client.event_message())["method"] == "m"
        caller.client.close()
        await until(lambda: not upstream.endpoint.streams, "the endpoint notices")
        await other.send(caller.bodiless("GET"))
        assert (await other.head()).status == 200


def _only(upstream: HonestUpstream) -> str:
    (session_id,) = upstream.endpoint.streams
    return session_id

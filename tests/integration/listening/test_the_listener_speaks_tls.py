"""Under TLS all is as without it: official clients, streams, back-pressure, ends, bounds."""

import asyncio
import ssl
import warnings
from contextlib import AsyncExitStack
from dataclasses import replace

import httpx2
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from fakes.honest_endpoint import honest_upstreams, result
from fakes.honest_session import open_session
from fakes.in_process_gateway import QUICK, refusals, table_of, until, urls_of
from fakes.raw_http import call, connected, message, post, request
from fakes.scripted_upstream import Peer, Received
from integration.listening.certificates import Authority
from integration.listening.tls_gateway import seconds_until_closed, secured, tls_gateway
from moorage_gateway.listening.certificate import ListenerCertificate

MIB = 1024 * 1024
PROGRESS = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": 1}}
LARGE = 8 * MIB


async def two_events(request: Received, peer: Peer) -> None:
    await peer.stream()
    await peer.event(PROGRESS)
    await asyncio.sleep(0.4)
    await peer.event(result(request, {"content": []}))
    peer.close()


async def one_tool(request: Received, peer: Peer) -> None:
    tool = {"name": "count", "inputSchema": {"type": "object"}}
    await peer.json(result(request, {"tools": [tool]}))


async def large_answer(request: Received, peer: Peer) -> None:
    await peer.json(result(request, {"text": "a" * LARGE}))


async def test_the_official_client_calls_tools(
    certificate: ListenerCertificate, authority: Authority
) -> None:
    async with honest_upstreams(2, {"tools/list": one_tool}) as upstreams:
        async with (
            tls_gateway(table_of(urls_of(upstreams)), certificate) as made,
            httpx2.AsyncClient(verify=authority.client_context()) as http,
            streamable_http_client(f"https://127.0.0.1:{made.port}/mcp", http_client=http) as (
                read,
                write,
            ),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            for _ in range(20):
                answer = await session.call_tool("count", {})
                assert answer.content
        assert sum(len(each.server.of("tools/call")) for each in upstreams) == 20


async def test_events_are_there_as_they_come(
    certificate: ListenerCertificate, authority: Authority
) -> None:
    async with (
        honest_upstreams(1, {"slow": two_events}) as upstreams,
        tls_gateway(table_of(urls_of(upstreams)), certificate) as made,
        secured(made.port, authority.client_context()) as client,
    ):
        session = await open_session(client)
        began = asyncio.get_running_loop().time()
        await client.send(post(call(1, "slow"), *session.lines))
        await client.head()
        await client.event()
        assert asyncio.get_running_loop().time() - began < 0.3
        await client.event()
        assert asyncio.get_running_loop().time() - began > 0.35


async def test_a_client_that_does_not_read_holds_its_endpoint_back(
    certificate: ListenerCertificate, authority: Authority
) -> None:
    limits = replace(QUICK, write_stall_seconds=1.0)
    async with (
        honest_upstreams(1, {"large": large_answer}) as upstreams,
        tls_gateway(table_of(urls_of(upstreams)), certificate, limits) as made,
        secured(made.port, authority.client_context(), small_window=True) as client,
    ):
        session = await open_session(client)
        await client.send(post(call(1, "large"), *session.lines))

        for _ in range(80):
            await asyncio.sleep(0.1)
            if "SlowReader" in await refusals(made):
                return
        raise AssertionError("nobody noticed")


async def test_a_slow_reader_gets_all(
    certificate: ListenerCertificate, authority: Authority
) -> None:
    async with (
        honest_upstreams(1, {"large": large_answer}) as upstreams,
        tls_gateway(table_of(urls_of(upstreams)), certificate) as made,
        secured(made.port, authority.client_context(), small_window=True) as client,
    ):
        session = await open_session(client)
        await client.send(post(call(1, "large"), *session.lines, "connection: close"))
        await asyncio.sleep(0.5)
        answer = await client.answer()
        assert len(answer.message["result"]["text"]) == LARGE


async def test_a_client_that_closes_ends_its_call(
    certificate: ListenerCertificate, authority: Authority
) -> None:
    gone = asyncio.Event()

    async def waits(request: Received, peer: Peer) -> None:
        await peer.gone.wait()
        gone.set()

    async with (
        honest_upstreams(1, {"wait": waits}) as upstreams,
        tls_gateway(table_of(urls_of(upstreams)), certificate) as made,
        secured(made.port, authority.client_context()) as client,
    ):
        session = await open_session(client)
        await client.send(post(call(1, "wait"), *session.lines))
        await until(lambda: bool(upstreams[0].server.of("tools/call")), "the call is there")
        client.close()
        async with asyncio.timeout(2):
            await gone.wait()


async def test_a_refusal_is_read_whole_before_the_end(
    certificate: ListenerCertificate, authority: Authority
) -> None:
    async with (
        tls_gateway(table_of([]), certificate) as made,
        secured(made.port, authority.client_context()) as client,
    ):
        await client.send(b"no request at all\r\n\r\n" + b"x" * 100_000)
        assert (await client.answer()).status == 400
        assert await seconds_until_closed(client) < 2


async def test_plain_http_on_a_tls_port_is_no_request(
    certificate: ListenerCertificate,
) -> None:
    async with tls_gateway(table_of([]), certificate) as made, connected(made.port) as client:
        await client.send(request("GET"))
        assert await seconds_until_closed(client) < 1
        assert await refusals(made) == {"TlsHandshakeFailed": 1}


async def test_a_slow_handshake_is_ended(certificate: ListenerCertificate) -> None:
    limits = replace(QUICK, tls_handshake_seconds=0.4)
    async with tls_gateway(table_of([]), certificate, limits) as made:
        async with connected(made.port) as client:
            assert 0.2 < await seconds_until_closed(client) < 1.5
        assert await refusals(made) == {"TlsHandshakeFailed": 1}


async def test_handshakes_count_as_connections(
    certificate: ListenerCertificate, authority: Authority
) -> None:
    limits = replace(QUICK, client_connections=5)
    async with tls_gateway(table_of([]), certificate, limits) as made, AsyncExitStack() as stack:
        for _ in range(5):
            await stack.enter_async_context(connected(made.port))
        await until(lambda: made.open_connections == 5, "five handshakes")
        async with connected(made.port) as one_more:
            assert await seconds_until_closed(one_more) < 1
        assert await refusals(made) == {"TooManyConnections": 1}
        await stack.aclose()
        await until(lambda: made.open_connections == 0, "their places are free")
        async with secured(made.port, authority.client_context()) as client:
            await client.send(post(message("ping", 1), path="/none"))
            assert (await client.answer()).status == 404


@pytest.mark.parametrize(
    ("version", "served"),
    [
        (ssl.TLSVersion.TLSv1_3, True),
        (ssl.TLSVersion.TLSv1_2, True),
        (ssl.TLSVersion.TLSv1_1, False),
    ],
)
async def test_versions_below_1_2_are_refused(
    certificate: ListenerCertificate,
    authority: Authority,
    version: ssl.TLSVersion,
    served: bool,
) -> None:
    context = authority.client_context()
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context.minimum_version = context.maximum_version = version
    async with tls_gateway(table_of([]), certificate) as made:
        if not served:
            with pytest.raises(OSError):
                async with secured(made.port, context):
                    pass
            return
        async with secured(made.port, context) as client:
            await client.send(post(message("ping", 1), path="/none"))
            assert (await client.answer()).status == 404


async def test_http_2_is_not_agreed_on(
    certificate: ListenerCertificate, authority: Authority
) -> None:
    context = authority.client_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    async with (
        tls_gateway(table_of([]), certificate) as made,
        secured(made.port, context) as client,
    ):
        tls = client._writer.get_extra_info("ssl_object")
        assert tls.selected_alpn_protocol() == "http/1.1"

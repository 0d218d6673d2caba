"""Endpoints under TLS: the name and the authority of the group count, not their address."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fakes.honest_endpoint import honest_upstreams
from fakes.honest_session import session
from fakes.in_process_gateway import QUICK, RING, until, until_ready
from fakes.raw_http import call
from integration.listening.certificates import Authority
from integration.listening.tls_endpoints import terminated
from moorage_contract.route_table import Endpoint, Group, Route, RouteTable, UpstreamTls
from moorage_gateway.process import Gateway
from moorage_gateway.settings import GatewaySettings

NAME = "tickets.agents.svc"


def table_of(port: int, tls: UpstreamTls) -> RouteTable:
    endpoint = Endpoint(uid="u1", url=f"https://127.0.0.1:{port}/mcp")
    group = Group(name="servers", source="Workload", endpoints=(endpoint,), tls=tls)
    return RouteTable(
        gateway="tests/gateway", routes=(Route(path="/mcp", group="servers"),), groups=(group,)
    )


@asynccontextmanager
async def gateway(table: RouteTable) -> AsyncIterator[Gateway]:
    made = Gateway(GatewaySettings(listen_port=0, admin_port=0, limits=QUICK), RING)
    await made.start(table)
    try:
        yield made
    finally:
        await made.stop()


def why(made: Gateway) -> str:
    return made.status().groups[0].endpoints[0].why


@pytest.mark.parametrize("has_key_usage", [True, False])
async def test_the_right_name_and_authority_are_served(has_key_usage: bool) -> None:
    """Private authorities often lack the key usage that Python 3.13 would demand."""
    authority = Authority(has_key_usage=has_key_usage)
    tls = UpstreamTls(server_name=NAME, ca_pem=authority.pem)
    async with (
        honest_upstreams(1) as [upstream],
        terminated(upstream.server.port, authority.leaf(NAME)) as port,
        gateway(table_of(port, tls)) as made,
    ):
        await until_ready(made, 1)
        async with session(made.port) as honest:
            await honest.client.send(honest.post(call(1)))
            assert (await honest.client.answer()).status == 200


@pytest.mark.parametrize(
    ("name", "is_ours", "told"),
    [
        ("other.agents.svc", True, "Hostname mismatch"),
        (NAME, False, "unable to get local issuer certificate"),
    ],
)
async def test_a_wrong_name_or_authority_is_told(
    authority: Authority, name: str, is_ours: bool, told: str
) -> None:
    signing = authority if is_ours else Authority("somebody")
    tls = UpstreamTls(server_name=NAME, ca_pem=authority.pem)
    async with (
        honest_upstreams(1) as [upstream],
        terminated(upstream.server.port, signing.leaf(name)) as port,
        gateway(table_of(port, tls)) as made,
    ):
        await until(lambda: "certificate is not accepted" in why(made), "it is told")
        assert told in why(made)
        assert upstream.server.own_requests == []


@pytest.mark.parametrize("ca_pem", ["no certificate", "\u00e4"])
async def test_a_broken_authority_is_told(authority: Authority, ca_pem: str) -> None:
    tls = UpstreamTls(server_name=NAME, ca_pem=ca_pem)
    async with gateway(table_of(1, tls)) as made:
        await until(lambda: "TLS handshake with the endpoint failed" in why(made), "it is told")


async def test_a_plain_endpoint_is_told(authority: Authority) -> None:
    tls = UpstreamTls(server_name=NAME, ca_pem=authority.pem)

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with gateway(table_of(port, tls)) as made:
        await until(lambda: "TLS handshake with the endpoint failed" in why(made), "it is told")
    server.close()


async def test_another_authority_is_another_way_to_speak(authority: Authority) -> None:
    wrong = UpstreamTls(server_name=NAME, ca_pem=Authority("somebody").pem)
    right = UpstreamTls(server_name=NAME, ca_pem=authority.pem)
    async with (
        honest_upstreams(1) as [upstream],
        terminated(upstream.server.port, authority.leaf(NAME)) as port,
        gateway(table_of(port, wrong)) as made,
    ):
        await until(lambda: "not accepted" in why(made), "the wrong one")
        made.apply(table_of(port, right))
        await until_ready(made, 1)

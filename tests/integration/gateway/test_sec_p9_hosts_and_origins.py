"""Whom a gateway serves and whose pages may call it, and who its endpoints are told that asks."""

import pytest

from fakes.honest_endpoint import honest_upstreams
from fakes.in_process_gateway import gateway, table_of, urls_of
from fakes.raw_http import call, connected, post, request
from integration.gateway.refusing import CALL, JSON, refused, serving
from moorage_contract.route_table import RouteTable

# Host and Origin (threat P9)


HOSTS = [
    None,
    "",
    "evil.example",
    "evil.example:80",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "evil.example#localhost",
    "evil.example/localhost",
    "localhost@evil.example",
    "evil.example@localhost",
    "localhost:80:80",
    "localhost:port",
    "2130706433",
    "0x7f.1",
    "127.1",
    "[::ffff:127.0.0.1]",
    "[::1",
    "::1",
    "0.0.0.0",
    "local\thost",
    "localhost, evil.example",
    "localhost\\",
]


@pytest.mark.parametrize("host", HOSTS)
async def test_a_foreign_host_is_misdirected(host: str | None) -> None:
    await refused(request("POST", JSON, host=host, body=CALL), 421, "HostNotAllowed")


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]", "[::1]:99", "localhost."],
)
async def test_loopback_names_are_served(host: str) -> None:
    async with serving() as (made, _, _), connected(made.port) as client:
        await client.send(request("PUT", host=host, body=b""))
        assert (await client.answer()).status == 405


ORIGINS = [
    "null",
    "",
    "https://evil.example",
    "http://evil.example:8080",
    "http://localhost.evil.example",
    "http://evil.example/localhost",
    "http://localhost@evil.example",
    "http://evil.example#@localhost",
    "https://127.0.0.1.nip.example",
    "file://localhost",
    "localhost",
    "//localhost",
    "ftp://localhost",
    "http://localhost/",
    "http://localhost http://evil.example",
    "http://2130706433",
    "chrome-extension://localhost",
]


@pytest.mark.parametrize("origin", ORIGINS)
async def test_a_page_of_a_foreign_origin_is_forbidden(origin: str) -> None:
    answer = await refused(post(CALL, f"Origin: {origin}"), 403, "OriginNotAllowed")
    assert answer.header("access-control-allow-origin") is None


@pytest.mark.parametrize("origin", ["http://localhost:3000", "https://127.0.0.1", "http://[::1]:1"])
async def test_pages_of_loopback_are_served(origin: str) -> None:
    async with serving() as (_, _, caller):
        assert (await caller.ask(call(1), f"Origin: {origin}")).status == 200


async def test_with_hostnames_of_its_own_a_gateway_serves_no_other_name() -> None:
    async with honest_upstreams() as (upstream,):
        table = table_of(urls_of([upstream]))
        named = RouteTable(
            gateway=table.gateway,
            hostnames=("mcp.example.com",),
            routes=table.routes,
            groups=table.groups,
        )
        async with gateway(named) as made, connected(made.port) as client:
            for host, status in (
                ("mcp.example.com", 405),
                ("MCP.example.com:443", 405),
                ("localhost", 421),
                ("127.0.0.1", 421),
                ("other.example.com", 421),
            ):
                await client.send(request("PUT", host=host, body=b""))
                assert (await client.answer()).status == status, host


# Who the endpoint is told that asks (threat P10)


async def test_no_client_chooses_who_answers_it_or_who_it_is_taken_for() -> None:
    lines = [
        "mcp-init-host: evil.example",
        "X-Forwarded-Host: evil.example",
        "X-Forwarded-For: 10.0.0.1",
        "Forwarded: host=evil.example",
        "X-Original-URL: /admin",
        "X-Rewrite-URL: /admin",
        "X-HTTP-Method-Override: DELETE",
        "X-Real-IP: 10.0.0.1",
        "Moorage-Principal: root",
        "Proxy-Authorization: Basic x",
        "Proxy: http://evil.example",
        "Authorization: Bearer secret",
        "Cookie: a=b",
        "TE: trailers",
        "Accept-Encoding: gzip",
    ]
    async with serving() as (_, upstream, caller):
        assert (await caller.ask(call("marked"), *lines)).status == 200
        (seen,) = [r for r in upstream.server.requests if b'"marked"' in r.body]
        assert seen.headers["host"] == f"127.0.0.1:{upstream.server.port}"
        assert seen.target == "/mcp"
        assert not set(seen.headers) & {n.partition(":")[0].lower() for n in lines}

"""A gateway that an endpoint leads back to refuses what it has sent; chains of gateways work."""

import asyncio
import os
import socket
from pathlib import Path
from typing import Any

import aiohttp

from fakes.cr_documents import gateway_document, group_document, route
from fakes.cr_files import write
from fakes.honest_endpoint import HonestUpstream, honest_upstreams
from fakes.honest_session import open_session
from fakes.moorage_command import Up, up
from fakes.raw_http import Answer, call, connected, initialize, modern, post, request

LOOPED = "this request has passed through this gateway already"
BY_USER = {"type": "Header", "header": "X-User"}


def files(folder: Path, name: str, *urls: str) -> Path:
    gateway = gateway_document(routes=[route("/mcp", "servers")])
    endpoints = [{"url": url} for url in urls]
    source = {"external": {"endpoints": endpoints}}
    group = group_document("servers", source=source, sessions={"affinity": BY_USER})
    return write(folder / f"{name}.yaml", gateway, group)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def port_of(gateway: Up) -> int:
    return int(gateway.base_url.rsplit(":", 1)[1])


async def asked(port: int, octets: bytes) -> Answer:
    async with connected(port) as client:
        await client.send(octets)
        return await client.answer()


def named_in(upstream: HonestUpstream) -> str:
    """What the gateway's newest request says whom it has passed."""
    return upstream.server.requests[-1].headers["cdn-loop"]


async def endpoints(gateway: Up) -> dict[str, dict[str, Any]]:
    """State and why by URL."""
    async with aiohttp.ClientSession() as http, http.get(f"{gateway.admin_url}/status") as answer:
        (group,) = (await answer.json())["groups"]
        return {each["url"]: each for each in group["endpoints"]}


async def judged(gateway: Up, url: str) -> str:
    """What the gateway found out of the endpoint at that URL, which must be there by now."""
    for _ in range(300):
        endpoint = (await endpoints(gateway))[url]
        if endpoint["state"] == "ready" or LOOPED in endpoint["why"]:
            return "ready" if endpoint["state"] == "ready" else str(endpoint["why"])
        await asyncio.sleep(0.05)
    raise AssertionError(endpoint)


def open_files(gateway: Up) -> int:
    return len(os.listdir(f"/proc/{gateway.child.process.pid}/fd"))


async def test_a_gateway_that_is_its_own_endpoint_never_uses_itself(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    own = f"http://127.0.0.1:{port}/mcp"
    async with honest_upstreams() as (server,):
        file = files(tmp_path, "a", server.server.url, own)
        async with up(file, listen=f"127.0.0.1:{port}") as gateway:
            assert LOOPED in await judged(gateway, own)
            before = open_files(gateway)
            for number in range(20):
                answer = await asked(port, modern("tools/list", number, f"X-User: user{number}"))
                assert answer.status == 200, answer
            assert open_files(gateway) < before + 20


async def test_two_gateways_before_each_other_notice_it(tmp_path: Path) -> None:
    first_port, second_port = free_ports(2)
    first_url, second_url = (f"http://127.0.0.1:{port}/mcp" for port in (first_port, second_port))
    async with honest_upstreams() as (server,):
        first_file = files(tmp_path, "first", second_url)
        second_file = files(tmp_path, "second", server.server.url, first_url)
        async with (
            up(second_file, listen=f"127.0.0.1:{second_port}") as second,
            up(first_file, listen=f"127.0.0.1:{first_port}") as first,
        ):
            assert await judged(first, second_url) == "ready"
            assert LOOPED in await judged(second, first_url)
            for number in range(20):
                answer = await asked(
                    first_port, modern("tools/list", number, f"X-User: user{number}")
                )
                assert answer.status == 200, answer
            assert open_files(second) < 100 and open_files(first) < 100


async def refusals(port: int, name: str) -> list[Answer]:
    passed = f"CDN-Loop: another.example, {name}"
    return [
        await asked(port, octets)
        for octets in (
            post(initialize(7), passed),
            modern("tools/list", 7, passed),
            request("GET", "Accept: text/event-stream", "MCP-Session-Id: none", passed),
            request("DELETE", "MCP-Session-Id: none", passed),
        )
    ]


async def test_every_replica_refuses_it_by_name_and_no_other_gateway_does(tmp_path: Path) -> None:
    async with honest_upstreams() as (server,):
        file = files(tmp_path, "a", server.server.url)
        keys = ("--key-file", tmp_path / "keys")
        async with up(file, *keys) as one, up(file, *keys) as other, up(file) as stranger:
            assert (await asked(port_of(one), modern("tools/list", 1))).status == 200
            name = named_in(server)
            sent = len(server.server.requests)
            for replica in (one, other):
                answers = await refusals(port_of(replica), name)
                assert {(each.status, each.reason) for each in answers} == {(508, "LoopDetected")}
                assert [each.message["id"] for each in answers] == [7, 7, None, None]
                assert all("endpoints" in each.error["data"]["remedy"] for each in answers)
                assert answers[0].error["code"] == -31004
            assert len(server.server.requests) == sent
            passed = f"CDN-Loop: {name}"
            answer = await asked(port_of(stranger), modern("tools/list", 1, passed))
            assert answer.status == 200


async def test_a_gateway_may_stand_before_another(tmp_path: Path) -> None:
    async with (
        honest_upstreams() as (server,),
        up(files(tmp_path, "b", server.server.url)) as back,
        up(files(tmp_path, "a", back.url())) as front,
        connected(port_of(front)) as raw,
    ):
        session = await open_session(raw)
        for number in (1, 2, 3):
            assert (await session.ask(call(number))).status == 200
        assert (await asked(port_of(front), modern("tools/list", 4))).status == 200
        lines = [
            line
            for line in server.server.requests[-1].raw_head.decode().lower().split("\r\n")
            if line.startswith("cdn-loop: moorage-")
        ]
        assert len(set(lines)) == 2


async def test_hops_are_bounded(tmp_path: Path) -> None:
    async with honest_upstreams() as (server,), up(files(tmp_path, "a", server.server.url)) as one:
        for hops, status in ((8, 200), (9, 508)):
            passed = "CDN-Loop: " + ", ".join(f"gateway{number}" for number in range(hops))
            answer = await asked(port_of(one), modern("tools/list", 1, passed))
            assert answer.status == status
        assert answer.reason == "TooManyHops"

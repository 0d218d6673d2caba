"""While a group's key is exchanged, clients are asked to come back, and not to log in.

To an MCP client 401 means OAuth. A sidecar's 401 is between it and the gateway.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from fakes.honest_endpoint import honest_upstreams
from fakes.honest_session import open_session
from fakes.in_process_gateway import GATEWAY, gateway, refusals, table_of, until, urls_of
from fakes.raw_http import Answer, call, connected, initialize, modern, post
from fakes.scripted_upstream import Peer, Received
from integration.http_sse.raw_clients import call as tool_call
from integration.http_sse.raw_clients import older_client
from integration.listens.listeners import TOOLS, listen
from moorage_contract.route_table import Discovery, Endpoint, Group, Route, RouteTable
from moorage_gateway.process import Gateway
from moorage_sidecar import StdioBridge, StdioServer
from moorage_sidecar.serving.group_key import GroupKey

SERVERS = Path(__file__).parents[2] / "fakes" / "stdio_servers"
KEY, OTHER_KEY = "a" * 64, "b" * 64
NOT_REACHED = -31002


@asynccontextmanager
async def sidecar(folder: Path, script: str) -> AsyncIterator[str]:
    """The URL of a sidecar that demands the key."""
    key_file = folder / "key"
    key_file.write_text(KEY)
    server = StdioServer((sys.executable, "-u", str(SERVERS / script)))
    bridge = StdioBridge("notes", server, key=GroupKey(str(key_file)))
    await bridge.start()
    try:
        yield f"{bridge.address}/mcp"
    finally:
        await bridge.stop(0)


def keyed(url: str, key: str | None) -> RouteTable:
    """A stdio group as it is in a cluster."""
    group = Group(
        name="notes",
        source="Stdio",
        endpoints=(Endpoint(uid="pod", url=url),),
        discovery=Discovery(namespace="agents", group="notes", path="/mcp"),
        key=key,
    )
    routes = (Route(path="/mcp", group="notes"),)
    return RouteTable(gateway=GATEWAY, routes=routes, groups=(group,))


def is_told_to_come_back(answer: Answer) -> None:
    assert answer.status == 503
    assert answer.error["code"] == NOT_REACHED
    assert int(answer.header("retry-after") or 0) > 0
    assert answer.header("www-authenticate") is None


async def one_modern_request(made: Gateway, octets: bytes) -> Answer:
    async with connected(made.port) as client:
        await client.send(octets)
        return await client.answer()


@pytest.mark.parametrize("shown", [OTHER_KEY, None])
async def test_a_legacy_session_is_refused_by_name_and_lives_on(
    tmp_path: Path, shown: str | None
) -> None:
    async with (
        sidecar(tmp_path, "plain_server.py") as url,
        gateway(keyed(url, KEY)) as made,
        connected(made.port) as client,
    ):
        session = await open_session(client)
        made.apply(keyed(url, shown))
        for octets in (session.post(call(1)), session.bodiless("GET"), session.bodiless("DELETE")):
            await client.send(octets)
            answer = await client.answer()
            is_told_to_come_back(answer)
            assert answer.reason == "GroupKeyRefused"
            assert '"notes"' in answer.error["message"]
        await client.send(post(initialize()))
        is_told_to_come_back(await client.answer())
        assert (await refusals(made))["GroupKeyRefused"] == 3

        made.apply(keyed(url, KEY))
        assert (await session.ask(call(2))).status == 200


async def test_modern_requests_and_listens_are_refused_too(tmp_path: Path) -> None:
    async with (
        sidecar(tmp_path, "modern_server.py") as url,
        gateway(keyed(url, KEY)) as made,
    ):
        made.apply(keyed(url, OTHER_KEY))
        listened = await one_modern_request(made, listen(TOOLS))
        is_told_to_come_back(listened)
        assert listened.reason == "GroupKeyRefused"
        is_told_to_come_back(await one_modern_request(made, modern("tools/list", 1)))


async def test_a_call_of_an_http_sse_client_is_told_on_its_stream(tmp_path: Path) -> None:
    async with (
        sidecar(tmp_path, "plain_server.py") as url,
        gateway(keyed(url, KEY)) as made,
        older_client(f"http://127.0.0.1:{made.port}", "/mcp") as client,
    ):
        await client.initialize()
        made.apply(keyed(url, OTHER_KEY))
        assert (await client.post(tool_call(7, "x"))).status == 202
        told = await client.stream.message()
        assert (told["id"], told["error"]["data"]["reason"]) == (7, "GroupKeyRefused")
        made.apply(keyed(url, KEY))
        assert (await client.post(tool_call(8, "x"))).status == 202
        assert (await client.stream.message())["id"] == 8


async def test_an_endpoint_that_refuses_the_key_serves_again_when_it_takes_it(
    tmp_path: Path,
) -> None:
    async with (
        sidecar(tmp_path, "plain_server.py") as url,
        gateway(keyed(url, KEY)) as made,
        connected(made.port) as client,
    ):
        made.apply(keyed(url, OTHER_KEY))
        await client.send(post(initialize()))
        is_told_to_come_back(await client.answer())
        made.apply(keyed(url, KEY))
        ready = made.status
        await until(lambda: ready().groups[0].endpoints[0].state == "ready", "it is ready again", 3)
        await open_session(client)


async def test_a_workloads_own_401_is_the_clients(tmp_path: Path) -> None:
    async def wants_login(request: Received, peer: Peer) -> None:
        await peer.answer(401, b"", 'WWW-Authenticate: Bearer resource_metadata="https://x/"')

    async with honest_upstreams(1, {"login": wants_login}) as upstreams:
        table = table_of(urls_of(upstreams))
        group = replace(table.groups[0], source="Workload", key=KEY)
        async with gateway(replace(table, groups=(group,))) as made, connected(made.port) as client:
            session = await open_session(client)
            await client.send(session.post(call(1, "login")))
            answer = await client.answer()
            assert answer.status == 401
            assert answer.header("www-authenticate") == 'Bearer resource_metadata="https://x/"'

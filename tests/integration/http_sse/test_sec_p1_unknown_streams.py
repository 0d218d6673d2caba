"""Threats P1, P3: whatever is wrong with a stream's capsule, the answer is that of an unknown one.

And none of it reaches an endpoint.
"""

import asyncio
import re
from collections.abc import Iterator

import pytest

from integration.http_sse.conftest import GatewayStarter, group
from integration.http_sse.raw_clients import INITIALIZE, older_client
from integration.http_sse.scripted_endpoint import ScriptedEndpoint
from moorage_gateway.process import Gateway
from moorage_wire.capsules import KeyRing

BODY = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


async def raw_post(gateway: Gateway, target: str) -> bytes:
    """The whole answer to a POST, head and body, as it stands on the wire."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    head = (
        f"POST {target} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        f"content-length: {len(BODY)}\r\nconnection: close\r\n\r\n"
    )
    writer.write(head.encode() + BODY)
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


def one_character_changed(capsule: str) -> Iterator[str]:
    for index, character in enumerate(capsule):
        other = ALPHABET[(ALPHABET.index(character) + 1 + index) % len(ALPHABET)]
        if other != character:
            yield capsule[:index] + other + capsule[index + 1 :]


@pytest.mark.parametrize("transport", ["HttpSse", "StreamableHttp"])
async def test_every_wrong_capsule_gets_the_unknown_ones_answer(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint, sdk_server: str, transport: str
) -> None:
    url = endpoint.url if transport == "HttpSse" else f"{sdk_server}/mcp"
    groups = group("one", url, transport), group("two", url, transport)
    gateway, base = await start_gateway(*groups)
    stranger, stranger_base = await start_gateway(*groups, ring=KeyRing.new(b"x" * 32))
    unknown = await raw_post(gateway, "/one?sessionId=" + "A" * 120)
    assert unknown.startswith(b"HTTP/1.1 404 ")
    assert b'"session not found"' in unknown and b'"id":1' in unknown

    async with older_client(base, "/one") as client, older_client(stranger_base, "/one") as other:
        capsule = client.uri.partition("=")[2]
        foreign = other.uri.partition("=")[2]
        wrong = [
            f"/two?sessionId={capsule}",
            f"/one?sessionId={foreign}",
            "/one?sessionId=",
            "/one?sessionId=x",
            f"/one?sessionId={capsule}&sessionId={capsule}",
            f"/one?sessionId={capsule}A",
            f"/one?sessionId={capsule[:-1]}",
            *(f"/one?sessionId={changed}" for changed in one_character_changed(capsule)),
        ]
        for target in wrong:
            assert await raw_post(gateway, target) == unknown, target
        assert endpoint.posts == []
        assert (await client.post(INITIALIZE)).status == 202

    if transport == "StreamableHttp":
        await asyncio.sleep(0.1)
        assert await raw_post(gateway, client.uri) == unknown, "a stream that has ended"
        assert stranger is not gateway


async def test_a_held_streams_end_looks_alike_at_every_replica(
    start_gateway: GatewayStarter, sdk_server: str
) -> None:
    new = group("new", f"{sdk_server}/mcp")
    (first, base), (second, _) = await start_gateway(new), await start_gateway(new)
    async with older_client(base, "/new") as client:
        await client.initialize()
    unknown = await raw_post(second, "/new?sessionId=" + "A" * 120)
    await asyncio.sleep(0.1)
    assert without_connection(await raw_post(second, client.uri)) == without_connection(unknown)
    await first.stop()
    assert without_connection(await raw_post(second, client.uri)) == without_connection(unknown)


def without_connection(answer: bytes) -> bytes:
    return re.sub(rb"connection: [a-z-]+\r\n", b"", answer)


async def test_the_capsules_of_streams_are_no_session_ids_and_the_other_way_round(
    start_gateway: GatewayStarter, endpoint: ScriptedEndpoint
) -> None:
    gateway, base = await start_gateway(group("old", endpoint.url, "HttpSse"))
    async with older_client(base, "/old") as client:
        capsule = client.uri.partition("=")[2]
        headers = {"mcp-session-id": capsule, "accept": "application/json, text/event-stream"}
        async with client.http.post(base + "/old", json=INITIALIZE, headers=headers) as response:
            assert response.status == 404
        async with client.http.post(
            base + "/old",
            json=INITIALIZE,
            headers={"accept": "application/json, text/event-stream"},
        ) as response:
            session_id = response.headers["mcp-session-id"]
        assert (await raw_post(gateway, f"/old?sessionId={session_id}")).startswith(
            b"HTTP/1.1 404 "
        )

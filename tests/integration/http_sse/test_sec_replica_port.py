"""The port between replicas answers replicas of this gateway, once for each proof."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from io import BytesIO

import aiohttp
import pytest

from integration.http_sse.conftest import RING, GatewayStarter, group, refusals
from integration.http_sse.raw_clients import INITIALIZE, OlderClient, older_client
from moorage_gateway.process import Gateway
from moorage_gateway.relaying.http_sse.held_request import HeldRequest, seal_request
from moorage_gateway.relaying.http_sse.replica_port import PATH, PROOF_HEADER
from moorage_wire.capsules import CapsuleKind, CapsuleSealer, KeyRing, StreamContent, open_content

GATEWAY_NAME = "tests/http-sse"
PING = b'{"jsonrpc":"2.0","id":"overheard","method":"ping"}'


class Holder:
    """A gateway that holds one initialized stream, and what a replica would send about it."""

    def __init__(self, gateway: Gateway, client: OlderClient) -> None:
        self.gateway = gateway
        self.client = client
        self.sealer = CapsuleSealer(RING, GATEWAY_NAME, b"s" * 8)
        capsule = client.uri.partition("=")[2]
        content = open_content(self.sealer, CapsuleKind.STREAM, "/new", capsule)
        assert isinstance(content, StreamContent)
        assert content.holder == f"127.0.0.1:{gateway.admin_port}"
        self.stream_id = content.stream_id

    def request(self) -> HeldRequest:
        return HeldRequest("say", "/new", self.stream_id, b"", b"", PING)

    async def send(
        self, proof: str | None, body: bytes | BytesIO, **headers: str
    ) -> tuple[int, bytes]:
        url = f"http://127.0.0.1:{self.gateway.admin_port}{PATH}"
        if proof is not None:
            headers[PROOF_HEADER] = proof
        async with self.client.http.post(url, data=body, headers=headers) as response:
            return response.status, await response.read()


@pytest.fixture
async def holder(start_gateway: GatewayStarter, sdk_server: str) -> AsyncIterator[Holder]:
    gateway, base = await start_gateway(group("new", f"{sdk_server}/mcp"))
    async with older_client(base, "/new") as client:
        await client.initialize()
        yield Holder(gateway, client)


async def test_a_replicas_message_is_taken_once(holder: Holder) -> None:
    proof, body = seal_request(holder.sealer, holder.request(), int(time.time()))
    assert await holder.send(proof, body) == (202, b"")
    assert (await holder.client.stream.message())["id"] == "overheard"
    status, refusal = await holder.send(proof, body)
    assert status == 403 and b"ReplicaNotProven" in refusal


Forgery = Callable[[Holder], tuple[str | None, bytes]]


def _sealed(sealer: CapsuleSealer, holder: Holder, seconds_ago: int = 0) -> tuple[str, bytes]:
    return seal_request(sealer, holder.request(), int(time.time()) - seconds_ago)


FORGERIES: dict[str, Forgery] = {
    "no proof": lambda holder: (None, _sealed(holder.sealer, holder)[1]),
    "another proof's body": lambda holder: (
        _sealed(holder.sealer, holder)[0],
        _sealed(holder.sealer, holder)[1] + b"\x00",
    ),
    "another key ring": lambda holder: _sealed(
        CapsuleSealer(KeyRing.new(b"x" * 32), GATEWAY_NAME, b"s" * 8), holder
    ),
    "another gateway": lambda holder: _sealed(CapsuleSealer(RING, "other", b"s" * 8), holder),
    "an old proof": lambda holder: _sealed(holder.sealer, holder, seconds_ago=61),
    "a proof of the future": lambda holder: _sealed(holder.sealer, holder, seconds_ago=-61),
    "a client's capsule": lambda holder: (
        holder.client.uri.partition("=")[2],
        _sealed(holder.sealer, holder)[1],
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_nobody_else_is_heard(holder: Holder, forgery: str) -> None:
    proof, body = FORGERIES[forgery](holder)
    status, refusal = await holder.send(proof, body)
    assert status == 403 and b"ReplicaNotProven" in refusal
    assert refusals(holder.gateway) == {"ReplicaNotProven": 1}
    answer = await holder.client.ask("say", size=1)
    assert answer["result"]["structuredContent"] == {"result": "x"}


SHAPELESS: dict[str, Callable[[Holder], str | None]] = {
    "none": lambda _: None,
    "empty": lambda _: "",
    "no capsule": lambda _: "let me in",
    "too long for a capsule": lambda holder: _sealed(holder.sealer, holder)[0] + "A" * 6144,
    "cut": lambda holder: _sealed(holder.sealer, holder)[0][:20],
    "a client's capsule": lambda holder: holder.client.uri.partition("=")[2],
}


@pytest.mark.parametrize("proof", SHAPELESS)
async def test_whoever_shows_no_proof_is_refused_before_a_body_is_read(
    holder: Holder, proof: str
) -> None:
    shown = SHAPELESS[proof](holder)
    line = "" if shown is None else f"{PROOF_HEADER}: {shown}\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", holder.gateway.admin_port)
    try:
        head = f"POST {PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n{line}\r\n"
        writer.write(head.encode())
        async with asyncio.timeout(5):
            assert (await reader.readline()).split()[1] == b"403"
        assert refusals(holder.gateway) == {"ReplicaNotProven": 1}
    finally:
        writer.close()


async def test_no_web_page_reaches_it(holder: Holder) -> None:
    proof, body = _sealed(holder.sealer, holder)
    status, _ = await holder.send(proof, body, origin="http://evil.example")
    assert status == 403
    status, _ = await holder.send(proof, body, host="rebound.example")
    assert status == 403


async def test_a_body_without_end_is_refused(holder: Holder) -> None:
    proof, _ = _sealed(holder.sealer, holder)
    too_much = BytesIO(b"x" * (4 * 1024 * 1024 + 70_000))
    status, refusal = await holder.send(proof, too_much)
    assert status == 413 and b"BodyTooLarge" in refusal


async def test_the_clients_port_knows_no_such_path(holder: Holder) -> None:
    proof, body = _sealed(holder.sealer, holder)
    async with (
        aiohttp.ClientSession() as http,
        http.post(holder.client.base + PATH, data=body, headers={PROOF_HEADER: proof}) as response,
    ):
        assert response.status == 404
    assert (await holder.client.post(INITIALIZE)).status == 202

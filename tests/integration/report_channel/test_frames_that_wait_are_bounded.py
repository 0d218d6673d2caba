"""What pods of one namespace send and the leader has not taken in yet takes a bounded memory."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from fakes.in_process_gateway import until
from fakes.operator_channel import GATEWAY, SERVER_NAME, Operator, Served, connected, operator
from moorage_contract.report_channel import MAX_FRAME_BYTES, decode_guidance
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.demand.gateway_pod import GatewayPod
from moorage_operator.planning.demand.served_groups import GroupRules

HOSTILE = ResourceName("hostile", "gateway")
BOUND = 16 * 1024 * 1024
PADDING = "a" * (MAX_FRAME_BYTES - 4096)
MANY = 8
BEGINS, CONTINUES = 0x01, 0x00
"""First bytes of frames that are not a message's last ones (RFC 6455 §5.4)."""


class Two(Served):
    """Gateways of two namespaces."""

    def served_by(self, gateway: ResourceName) -> Mapping[ResourceName, GroupRules] | None:
        return {} if gateway in (GATEWAY, HOSTILE) else None


@asynccontextmanager
async def hostile(leader: Operator, number: int) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    account = {"name": "gateway-gateway", "uid": "s"}
    pod = {"name": f"pod-{number}", "uid": f"{number}"}
    claims: Any = {"namespace": "hostile", "serviceaccount": account, "pod": pod}
    token = leader.cluster.token(f"pod-{number}", **{"kubernetes.io": claims})
    async with connected(leader, token) as socket:
        yield socket


def report(gateway: ResourceName, pod: str, seq: int, padding: str = "") -> str:
    document = {"seq": seq, "whole": seq == 1, "gateway": str(gateway), "pod": pod}
    return msgspec.json.encode({"table_digest": "d", **document, "unknown": padding}).decode()


async def test_frames_that_wait_for_their_turn(tmp_path: Path) -> None:
    async with operator(tmp_path, served=Two()) as leader, AsyncExitStack() as open_ones:
        sockets = [await open_ones.enter_async_context(hostile(leader, n)) for n in range(MANY)]
        now = asyncio.get_running_loop().time
        leader.server._loop_time.take(HOSTILE.namespace, 1.0 + 0.25 * 3.0, now())
        listening = [asyncio.create_task(socket.receive()) for socket in sockets]
        for number, socket in enumerate(sockets):
            await socket.send_str(report(HOSTILE, f"pod-{number}", 1, PADDING))
        await until(lambda: any(one.done() for one in listening), "one is refused")
        await asyncio.sleep(0.5)
        refused = [one.result() for one in listening if one.done()]
        assert len(refused) == MANY - 4, "those that found room have it until they are heard"
        assert {frame.data for frame in refused} == {1013}
        assert "serve from another namespace too" in str(refused[0].extra)
        assert len(PADDING) < leader.server._held.total <= BOUND
        assert leader.server.refused["TooMuchWaits"] == len(refused)
        await answered(leader)
        frames = await asyncio.gather(*listening)
        assert sum(frame.type is aiohttp.WSMsgType.TEXT for frame in frames) == 4


async def test_frames_that_never_become_whole(tmp_path: Path) -> None:
    async with operator(tmp_path, served=Two()) as leader, AsyncExitStack() as open_ones:
        sockets = [await open_ones.enter_async_context(hostile(leader, n)) for n in range(MANY)]
        listening = [asyncio.create_task(socket.receive()) for socket in sockets]
        for socket in sockets:
            for part in range(4):
                await send_part(socket, CONTINUES if part else BEGINS, PADDING[: len(PADDING) // 4])
        await until(lambda: any(one.done() for one in listening), "one is refused")
        assert all(one.result().data == 1013 for one in listening if one.done())
        assert len(PADDING) < leader.server._held.total <= BOUND
        await answered(leader)
    await until(lambda: not leader.server._held.total, "nothing is held of whom is gone")


async def send_part(socket: aiohttp.ClientWebSocketResponse, first: int, text: str) -> None:
    """A frame with this first byte, masked with zeros (RFC 6455 §5.2)."""
    transport = socket._writer.transport
    transport.write(bytes((first, 0x80 | 127)) + len(text).to_bytes(8, "big") + bytes(4))
    transport.write(text.encode())
    await asyncio.sleep(0)


async def answered(leader: Operator) -> None:
    """A pod of another namespace is."""
    async with connected(leader, leader.cluster.token("honest")) as socket:
        await socket.send_str(report(GATEWAY, "honest", 1, PADDING[:2_000_000]))
        assert decode_guidance(await socket.receive_str(timeout=5)).report_seq == 1


async def test_one_after_the_other_as_many_as_one_likes(tmp_path: Path) -> None:
    async with operator(tmp_path, served=Two()) as leader, hostile(leader, 0) as socket:
        for seq in range(1, 11):
            await socket.send_str(report(HOSTILE, "pod-0", seq, PADDING))
            assert decode_guidance(await socket.receive_str(timeout=5)).report_seq == seq
        assert leader.server._held.total == 0


async def test_a_small_report_is_heard_whatever_its_namespace_holds(tmp_path: Path) -> None:
    async with operator(tmp_path, served=Two()) as leader, hostile(leader, 0) as socket:
        leader.server._held.charge(GatewayPod(HOSTILE, "other"), BOUND)
        await socket.send_str(report(HOSTILE, "pod-0", 1))
        assert decode_guidance(await socket.receive_str(timeout=5)).report_seq == 1


async def test_no_frame_comes_with_the_handshake(tmp_path: Path) -> None:
    async with operator(tmp_path, served=Two()) as leader:
        trust = ssl.create_default_context(cadata=leader.certificate.ca_pem)
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", leader.server.port, ssl=trust, server_hostname=SERVER_NAME
        )
        head = (
            "GET /report HTTP/1.1",
            "Host: moorage",
            f"Authorization: Bearer {leader.cluster.token('pod-0')}",
            *("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        )
        writer.write(b"\r\n".join(map(str.encode, (*head, "", ""))) + b"\x01\x80\0\0\0\0")
        assert b" 400 " in await reader.readline()
        writer.close()

"""Nothing leaves the process past the Lease's deadline, not even the rest of a body."""

import asyncio
import socket

import pytest

from moorage_operator.cluster.errors import WriteFenced
from moorage_operator.cluster.write_fence import FencedSocket, WriteFence, fenced_sockets


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_fence_is_shut_until_opened_and_past_its_deadline() -> None:
    clock = _Clock()
    fence = WriteFence(clock)
    with pytest.raises(WriteFenced):
        fence.check()
    fence.open_until(10.0)
    clock.now = 9.9
    fence.check()
    clock.now = 10.0
    with pytest.raises(WriteFenced):
        fence.check()


async def test_a_body_that_is_half_sent_stays_half_sent() -> None:
    clock = _Clock()
    fence = WriteFence(clock)
    fence.open_until(10.0)
    received, arrived = bytearray(), asyncio.Event()

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while part := await reader.read(4096):
            received.extend(part)
            arrived.set()
        writer.close()
        closed.set()

    closed = asyncio.Event()
    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    made = fenced_sockets(fence)((socket.AF_INET, socket.SOCK_STREAM, 0, "", address))
    assert isinstance(made, FencedSocket)
    made.setblocking(False)
    await asyncio.get_running_loop().sock_connect(made, address)
    _, writer = await asyncio.open_connection(sock=made)
    writer.write(b"first")
    await asyncio.wait_for(arrived.wait(), 2)
    clock.now = 10.0
    writer.write(b"second")
    await asyncio.wait_for(closed.wait(), 2)
    assert bytes(received) == b"first"
    server.close()

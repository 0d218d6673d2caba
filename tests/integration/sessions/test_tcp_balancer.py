"""The balancer of the session tests must spread, pass on everything, and pass over the dead."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from fakes.child_process import ServerProcess, serving

Writer = asyncio.StreamWriter


@asynccontextmanager
async def naming_server(name: bytes) -> AsyncIterator[asyncio.Server]:
    """Answers what it was sent, after its own name, when the client has ended its side."""

    async def answer(reader: asyncio.StreamReader, writer: Writer) -> None:
        writer.write(name + await reader.read())
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server


def port_of(server: asyncio.Server) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port


@asynccontextmanager
async def balancer(*ports: int) -> AsyncIterator[ServerProcess]:
    arguments = [word for port in ports for word in ("--target", f"127.0.0.1:{port}")]
    async with serving("fakes.tcp_balancer", *arguments) as process:
        yield process


async def ask(process: ServerProcess, payload: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
    writer.write(payload)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_connections_go_to_one_target_after_the_other() -> None:
    async with (
        naming_server(b"a") as first,
        naming_server(b"b") as second,
        balancer(port_of(first), port_of(second)) as process,
    ):
        answers = [await ask(process, b"!") for _ in range(4)]
    assert answers == [b"a!", b"b!", b"a!", b"b!"]


async def test_what_is_sent_at_once_is_carried_whole() -> None:
    payload = bytes(range(256)) * 4096
    async with naming_server(b"a") as server, balancer(port_of(server)) as process:
        answers = await asyncio.gather(*(ask(process, payload) for _ in range(20)))
    assert all(answer == b"a" + payload for answer in answers)


async def test_a_dead_target_is_passed_over() -> None:
    async with naming_server(b"a") as living:
        async with naming_server(b"b") as dead:
            dead_port = port_of(dead)
        async with balancer(dead_port, port_of(living)) as process:
            answers = [await ask(process, b"!") for _ in range(4)]
    assert answers == [b"a!"] * 4


async def test_without_a_living_target_the_connection_is_refused() -> None:
    async with naming_server(b"a") as dead:
        dead_port = port_of(dead)
    async with balancer(dead_port) as process:
        reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()
        with suppress(ConnectionResetError):
            await writer.wait_closed()

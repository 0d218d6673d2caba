"""Endpoints under TLS, and ways to them that a test holds up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from integration.listening.certificates import Leaf
from moorage_gateway.listening.certificate import _server_context


@asynccontextmanager
async def terminated(port: int, leaf: Leaf) -> AsyncIterator[int]:
    """A port that speaks TLS for a plain one."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        plain_reader, plain_writer = await asyncio.open_connection("127.0.0.1", port)
        ends = (_pipe(reader, plain_writer), _pipe(plain_reader, writer))
        await asyncio.gather(*ends, return_exceptions=True)

    context = _server_context(leaf.chain, leaf.key)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def gated(port: int, opened: asyncio.Event) -> AsyncIterator[int]:
    """A port that takes connections at once, and carries their bytes while ``opened`` is set."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await opened.wait()
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        ends = (_pipe(reader, far_writer), _pipe(far_reader, writer))
        await asyncio.gather(*ends, return_exceptions=True)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while octets := await reader.read(65536):
        writer.write(octets)
        await writer.drain()
    writer.close()

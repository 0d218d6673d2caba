"""A plain TCP balancer: each connection to the next target in turn, or the one after if it is down.

It reads no byte of what it carries. `python -m fakes.tcp_balancer --target HOST:PORT …`
"""

import argparse
import asyncio
import socket
import struct
from typing import cast

import uvloop

from fakes.listening import add_listening_arguments, open_listener

CONNECT_SECONDS = 2.0

Address = tuple[str, int]


class Half(asyncio.Protocol):
    """One side of a carried connection: what arrives here is written to the other side."""

    def __init__(self) -> None:
        self.other: Half | None = None
        self.transport: asyncio.Transport | None = None
        self._early: list[bytes] = []
        self._ended_early = False
        self.ended = False

    def join(self, other: "Half") -> None:
        """From now on the two sides are one connection."""
        self.other, other.other = other, self
        assert self.transport is not None and other.transport is not None
        other.transport.writelines(self._early)
        self._early.clear()
        if self._ended_early:
            other.transport.write_eof()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one without saying so

    def data_received(self, data: bytes) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)
        else:
            # uvloop may have read once before the pause in `connection_made` took hold.
            self._early.append(data)

    def eof_received(self) -> bool:
        self.ended = True
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write_eof()
        else:
            self._ended_early = True
        # This side stays open while the other one may still be answering.
        return self.other is None or not self.other.ended

    def connection_lost(self, exc: Exception | None) -> None:
        if self.other is not None and self.other.transport is not None:
            # A reset stays a reset; an orderly end lets written bytes arrive first.
            transport = self.other.transport
            _reset(transport) if exc is not None else transport.close()

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()


class ClientHalf(Half):
    """The client's side; nothing is read from it before a target has accepted."""

    def __init__(self, balancer: "Balancer") -> None:
        super().__init__()
        self._balancer = balancer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert self.transport is not None
        self.transport.pause_reading()
        self._balancer.connect(self)


class Balancer:
    def __init__(self, targets: list[Address]) -> None:
        self._targets = targets
        self._turn = 0
        self._connecting: set[asyncio.Task[None]] = set()

    def connect(self, client: Half) -> None:
        task = asyncio.get_running_loop().create_task(self._connect(client))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, client: Half) -> None:
        assert client.transport is not None
        target = await self._open_next()
        if target is None:
            _reset(client.transport)
        elif client.transport.is_closing():
            assert target.transport is not None
            target.transport.close()
        else:
            client.join(target)
            client.transport.resume_reading()

    async def _open_next(self) -> Half | None:
        first, self._turn = self._turn, self._turn + 1
        for offset in range(len(self._targets)):
            opened = await _open(self._targets[(first + offset) % len(self._targets)])
            if opened is not None:
                return opened
        return None


async def _open(address: Address) -> Half | None:
    connecting = asyncio.get_running_loop().create_connection(Half, *address)
    try:
        _, half = await asyncio.wait_for(connecting, CONNECT_SECONDS)
    except (OSError, TimeoutError):
        return None
    return half


def _reset(transport: asyncio.Transport) -> None:
    connection = transport.get_extra_info("socket")
    if connection is not None:
        # Lingering for no time makes the kernel send RST instead of FIN (socket(7)).
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def serve(arguments: argparse.Namespace) -> None:
    balancer = Balancer(arguments.target)
    loop = asyncio.get_running_loop()
    listener = open_listener(arguments)
    await loop.create_server(lambda: ClientHalf(balancer), sock=listener, backlog=4096)
    await asyncio.Event().wait()


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    return host, int(port)


def main() -> None:
    parser = argparse.ArgumentParser(prog="fakes.tcp_balancer")
    parser.add_argument("--target", action="append", required=True, type=_address)
    add_listening_arguments(parser)
    uvloop.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()

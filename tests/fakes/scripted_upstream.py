"""A raw HTTP server whose behaviour per request is a function; it counts what reaches it.

It parses strictly what a gateway may send (a length, never chunks) and leaves answering to its
`Behaviour`, which may write any bytes at any time, wait, or cut the connection.
"""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

SINGLE = {"host", "content-length", "content-type", "mcp-session-id", "last-event-id"}


@dataclass(frozen=True)
class Received:
    """One request as it reached the endpoint."""

    method: str
    target: str
    headers: dict[str, str]
    """By lower-case name."""
    raw_head: bytes
    body: bytes
    connection: int

    @property
    def message(self) -> dict[str, Any]:
        """The JSON-RPC message of the body."""
        return cast(dict[str, Any], json.loads(self.body))

    @property
    def is_of_the_gateway(self) -> bool:
        """Handshakes and pings, which no client has asked for."""
        if self.method == "OPTIONS":
            return True
        return (
            self.headers.get("user-agent") == "moorage" and b"subscriptions/listen" not in self.body
        )


class Peer(asyncio.Protocol):
    """One connection to the endpoint, as a behaviour sees it."""

    def __init__(self, upstream: "ScriptedUpstream") -> None:
        self._upstream = upstream
        self._buffer = b""
        self._requests: asyncio.Queue[Received] = asyncio.Queue()
        self._writable = asyncio.Event()
        self._writable.set()
        self.gone = asyncio.Event()
        """Set when the gateway has closed the connection."""
        self.gone_at = 0.0
        self.sent_all = True
        """False while something written waits for the gateway to read."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.number = self._upstream.joined(self)
        self._task = asyncio.get_running_loop().create_task(self._serve())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (request := self._next_request()) is not None:
            self._upstream.received(request)
            self._requests.put_nowait(request)

    def _next_request(self) -> Received | None:
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return None
        request_line, *lines = head.decode("latin-1").split("\r\n")
        method, target, version = request_line.split(" ")
        headers = {name.lower(): value for name, _, value in (s.partition(": ") for s in lines)}
        names = [line.partition(": ")[0] for line in lines]
        once = all(names.count(name) == 1 for name in SINGLE & set(names))
        if version != "HTTP/1.1" or "transfer-encoding" in headers or not once:
            self._upstream.garbage.append(head)
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return None
        self._buffer = rest[length:]
        return Received(method, target, headers, head, rest[:length], self.number)

    def eof_received(self) -> None:
        self._is_gone()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_gone()
        self._writable.set()

    def _is_gone(self) -> None:
        if not self.gone.is_set():
            self.gone_at = asyncio.get_running_loop().time()
            self.gone.set()
        if self._buffer:
            self._upstream.garbage.append(self._buffer)
            self._buffer = b""

    def pause_writing(self) -> None:
        self._writable.clear()
        self.sent_all = False

    def resume_writing(self) -> None:
        self._writable.set()
        self.sent_all = True

    async def _serve(self) -> None:
        while True:
            request = await self._requests.get()
            try:
                await self._upstream.behaviour(request, self)
            except ConnectionError:
                return
            except Exception as error:
                self._upstream.failures.append(error)
                self.transport.abort()
                return

    # what a behaviour may do

    async def send(self, octets: bytes) -> None:
        """Write, and wait while the gateway does not read. Raises ConnectionError if it is gone."""
        if self.gone.is_set():
            raise ConnectionResetError("the gateway has closed the connection")
        self.transport.write(octets)
        await self._writable.wait()

    async def answer(self, status: int, body: bytes, *header_lines: str) -> None:
        """A whole answer with a length."""
        lines = [f"HTTP/1.1 {status} -", *header_lines, f"Content-Length: {len(body)}", "", ""]
        await self.send("\r\n".join(lines).encode("latin-1") + body)

    async def json(self, document: object, *header_lines: str, status: int = 200) -> None:
        """A whole JSON answer."""
        body = json.dumps(document, separators=(",", ":")).encode()
        await self.answer(status, body, "Content-Type: application/json", *header_lines)

    async def stream(self, *header_lines: str) -> None:
        """The head of a chunked event stream."""
        lines = ["HTTP/1.1 200 OK", "Content-Type: text/event-stream", *header_lines]
        lines += ["Transfer-Encoding: chunked", "", ""]
        await self.send("\r\n".join(lines).encode("latin-1"))

    async def chunk(self, octets: bytes) -> None:
        """One chunk; the empty one ends the body."""
        await self.send(b"%x\r\n%b\r\n" % (len(octets), octets))

    async def event(self, message: object, event_id: str | None = None) -> None:
        """One event with a JSON-RPC message."""
        line = f"id: {event_id}\n" if event_id is not None else ""
        await self.chunk(f"{line}event: message\ndata: {json.dumps(message)}\n\n".encode())

    def close(self) -> None:
        """End the connection in good order."""
        self.transport.close()

    def reset(self) -> None:
        """End the connection with RST, unless the gateway has ended it."""
        if self.gone.is_set():
            return
        self._socket().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _socket(self) -> socket.socket:
        return cast(socket.socket, self.transport.get_extra_info("socket"))

    def stop(self) -> asyncio.Task[None]:
        """The connection ends, whatever its behaviour waits for."""
        self._task.cancel()
        self.transport.abort()
        return self._task


Behaviour = Callable[[Received, Peer], Awaitable[None]]


@dataclass
class ScriptedUpstream:
    """One endpoint. `requests` are those of clients; the gateway's own are told apart."""

    behaviour: Behaviour
    requests: list[Received] = field(default_factory=list)
    own_requests: list[Received] = field(default_factory=list)
    """Handshakes and pings."""
    garbage: list[bytes] = field(default_factory=list)
    """What came and was no whole request of the form that a gateway sends."""
    failures: list[Exception] = field(default_factory=list)
    peers: list[Peer] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    def of(self, method: str) -> list[Received]:
        """The requests of one JSON-RPC method."""
        return [r for r in self.requests if r.body and r.message.get("method") == method]

    def joined(self, peer: Peer) -> int:
        self.peers.append(peer)
        self.connections += 1
        return self.connections

    def received(self, request: Received) -> None:
        (self.own_requests if request.is_of_the_gateway else self.requests).append(request)

    @property
    def open_peers(self) -> list[Peer]:
        """Connections that are still open."""
        return [peer for peer in self.peers if not peer.gone.is_set()]

    async def start(self) -> None:
        """Listen, on the port of the last time if there was one."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: Peer(self), "127.0.0.1", self.port, backlog=1024, reuse_address=True
        )
        self.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Like the end of its process: every connection is cut."""
        self._listener.close()
        tasks = [peer.stop() for peer in self.peers]
        await asyncio.gather(*tasks, return_exceptions=True)
        self.peers.clear()


@asynccontextmanager
async def upstream(behaviour: Behaviour) -> AsyncIterator[ScriptedUpstream]:
    """A running endpoint; a behaviour that failed fails the test."""
    made = ScriptedUpstream(behaviour)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()
    assert made.failures == []

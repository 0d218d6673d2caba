"""A client of raw bytes: it sends whatever a test writes and reads answers as they are framed."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

ANSWER_SECONDS = 10.0
VERSION_MEMBER = "io.modelcontextprotocol/protocolVersion"


@dataclass(frozen=True)
class Answer:
    """One answer as it stood on the wire."""

    status: int
    headers: list[tuple[str, str]]
    """Names in lower case."""
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for other, value in self.headers if other == name), None)

    @property
    def message(self) -> Any:
        """The JSON-RPC message of the body."""
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The JSON-RPC error of the body."""
        error: dict[str, Any] = self.message["error"]
        return error

    @property
    def reason(self) -> str:
        """The name of the gateway's refusal."""
        reason: str = self.error["data"]["reason"]
        return reason


class RawClient:
    """One connection. Nothing is read but by the test's own calls, past a small buffer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer
        self.unread = b""
        """What came of a stream and is no whole event yet."""

    async def send(self, octets: bytes) -> None:
        """Send in one write."""
        self._writer.write(octets)
        await self._writer.drain()

    async def drip(self, octets: bytes, pause_seconds: float = 0.0, piece: int = 1) -> None:
        """Send in pieces, each one on the wire before the next."""
        for start in range(0, len(octets), piece):
            await self.send(octets[start : start + piece])
            await asyncio.sleep(pause_seconds)

    async def head(self) -> Answer:
        """The head of the next answer."""
        async with asyncio.timeout(ANSWER_SECONDS):
            octets = await self.reader.readuntil(b"\r\n\r\n")
        status_line, *lines = octets[:-4].decode("latin-1").split("\r\n")
        pairs = [line.partition(": ") for line in lines]
        status = int(status_line.split(" ")[1])
        return Answer(status, [(name.lower(), value) for name, _, value in pairs], b"")

    async def answer(self) -> Answer:
        """The next answer, whole. Raises IncompleteReadError when it is cut."""
        head = await self.head()
        async with asyncio.timeout(ANSWER_SECONDS):
            body = await self._body(head)
        return Answer(head.status, head.headers, body)

    async def _body(self, head: Answer) -> bytes:
        length = head.header("content-length")
        if head.status < 200 or head.status in (204, 304):
            return b""
        if length is not None:
            return await self.reader.readexactly(int(length))
        if head.header("transfer-encoding") == "chunked":
            return b"".join([chunk async for chunk in self.chunks()])
        return await self.reader.read()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The chunks of a body, until its end."""
        while chunk := await self.chunk():
            yield chunk

    async def chunk(self) -> bytes:
        """The next chunk; the empty one is the end."""
        size = int(await self.reader.readuntil(b"\r\n"), 16)
        return (await self.reader.readexactly(size + 2))[:-2]

    async def event(self) -> bytes:
        """The next event of a chunked stream with its blank line; empty at the stream's end."""
        async with asyncio.timeout(ANSWER_SECONDS):
            while b"\n\n" not in self.unread:
                chunk = await self.chunk()
                if not chunk:
                    return self.unread
                self.unread += chunk
        event, end, self.unread = self.unread.partition(b"\n\n")
        return event + end

    async def event_message(self) -> Any:
        """The JSON-RPC message of the next event that has one."""
        while True:
            event = await self.event()
            assert event, "the stream has ended"
            data = [line[6:] for line in event.split(b"\n") if line.startswith(b"data: ")]
            if data and data != [b""]:
                return json.loads(b"\n".join(data))

    async def closed(self) -> float:
        """Read to the end; the loop's time when the gateway closed."""
        async with asyncio.timeout(ANSWER_SECONDS):
            try:
                while await self.reader.read(65536):
                    pass
            except ConnectionError:
                pass
        return asyncio.get_running_loop().time()

    def half_close(self) -> None:
        """Say that no more will be sent."""
        self._writer.write_eof()

    def close(self) -> None:
        self._writer.close()

    def reset(self) -> None:
        """Be gone, with RST."""
        raw = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


@asynccontextmanager
async def connected(port: int, receive_bytes: int | None = None) -> AsyncIterator[RawClient]:
    """A client; `receive_bytes` bounds what its kernel takes in before the test reads it."""
    raw = socket.socket()
    raw.setblocking(False)
    if receive_bytes is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    try:
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", port))
        limit = receive_bytes or 16 * 1024 * 1024
        client = RawClient(*await asyncio.open_connection(sock=raw, limit=limit))
    except BaseException:
        raw.close()
        raise
    try:
        yield client
    finally:
        client.close()


def request(
    method: str,
    *header_lines: str,
    path: str = "/mcp",
    host: str | None = "127.0.0.1",
    body: bytes | None = None,
    version: str = "HTTP/1.1",
) -> bytes:
    """A whole HTTP request."""
    lines = [f"{method} {path} {version}"]
    lines += [f"Host: {host}"] if host is not None else []
    lines += header_lines
    lines += [f"Content-Length: {len(body)}"] if body is not None else []
    return ("\r\n".join([*lines, "", ""])).encode("latin-1") + (body or b"")


def post(message: object, *header_lines: str, path: str = "/mcp") -> bytes:
    """A POST of one message, as clients send it."""
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    accept = "Accept: application/json, text/event-stream"
    return request(
        "POST", "Content-Type: application/json", accept, *header_lines, path=path, body=body
    )


def message(method: str, request_id: object = None, **params: object) -> dict[str, Any]:
    """A JSON-RPC request, or a notification where there is no id."""
    members: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
    return members if request_id is None else {**members, "id": request_id}


def call(request_id: object, tool: str = "count", **arguments: object) -> dict[str, Any]:
    """A tools/call."""
    return message("tools/call", request_id, name=tool, arguments=arguments)


def initialize(request_id: object = 0, version: str = "2025-11-25") -> dict[str, Any]:
    """The message that opens a legacy session."""
    info = {"name": "raw", "version": "1"}
    return message(
        "initialize", request_id, protocolVersion=version, capabilities={}, clientInfo=info
    )


def modern(
    method: str,
    request_id: object,
    *header_lines: str,
    path: str = "/mcp",
    mirrored: str | None = None,
    **params: object,
) -> bytes:
    """A POST of the 2026-07-28 era with its mirrored headers; `mirrored` replaces Mcp-Name."""
    meta = {
        VERSION_MEMBER: "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    lines = ["MCP-Protocol-Version: 2026-07-28", f"Mcp-Method: {method}", *header_lines]
    named = mirrored or params.get("name") or params.get("uri") or params.get("taskId")
    lines += [f"Mcp-Name: {named}"] if named else []
    return post(message(method, request_id, _meta=meta, **params), *lines, path=path)

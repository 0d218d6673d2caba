"""An HTTP+SSE endpoint whose every byte a test decides; handshakes it answers of itself."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

VERSION = "2025-03-26"


@dataclass(eq=False)
class Stream:
    """One open GET."""

    number: int
    response: web.StreamResponse
    request: web.Request
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def write(self, octets: bytes) -> None:
        await self.response.write(octets)

    async def say(self, message: dict[str, Any]) -> None:
        await self.write(b"event: message\ndata: %b\n\n" % json.dumps(message).encode())

    def end(self) -> None:
        """End the answer as HTTP wants it."""
        self.ended.set()

    def say_last(self, message: dict[str, Any]) -> None:
        """A message and the answer's end in one segment: a reader gets both in one turn."""
        event = b"event: message\ndata: %b\n\n" % json.dumps(message).encode()
        assert self.request.transport is not None
        self.request.transport.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(event), event))

    def break_off(self) -> None:
        """Reset the connection in the middle."""
        assert self.request.transport is not None
        self.request.transport.abort()


class ScriptedEndpoint:
    """``streams`` and ``posts`` of clients; the gateway's own handshakes are not among them."""

    def __init__(self) -> None:
        self.streams: list[Stream] = []
        self.handshakes: list[Stream] = []
        self.posts: list[tuple[str, dict[str, Any]]] = []
        self.first_event: Callable[[int], bytes] = _endpoint_event
        self.status = 202
        self.answers_initialize = True
        self.holds_posts = asyncio.Event()
        self.holds_posts.set()
        self.port = 0
        self._all: dict[int, Stream] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/sse"

    async def get(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        stream = Stream(len(self._all), response, request)
        self._all[stream.number] = stream
        own_handshake = request.headers.get("user-agent") == "moorage"
        try:
            if own_handshake:
                self.handshakes.append(stream)
                await stream.write(_endpoint_event(stream.number))
            else:
                self.streams.append(stream)
                await stream.write(self.first_event(stream.number))
            await stream.ended.wait()
        finally:
            stream.closed.set()
        return response

    async def post(self, request: web.Request) -> web.Response:
        message = await request.json()
        stream = self._all.get(int(request.query.get("s", "-1")))
        if stream is None or stream.closed.is_set():
            return web.Response(status=404)
        if request.headers.get("user-agent") != "moorage":
            self.posts.append((request.path_qs, message))
        if message.get("method") == "initialize" and self.answers_initialize:
            await stream.say({"jsonrpc": "2.0", "id": message["id"], "result": _result(message)})
        await self.holds_posts.wait()
        return web.Response(status=self.status, text="Accepted")


def _endpoint_event(number: int) -> bytes:
    return f"event: endpoint\ndata: /messages?s={number}\n\n".encode()


def _result(message: dict[str, Any]) -> dict[str, Any]:
    return {
        "protocolVersion": VERSION,
        "capabilities": {},
        "serverInfo": {"name": "scripted", "version": "1"},
    }


@asynccontextmanager
async def scripted_endpoint() -> AsyncIterator[ScriptedEndpoint]:
    """One such endpoint, listening."""
    endpoint = ScriptedEndpoint()
    app = web.Application()
    app.add_routes([web.get("/sse", endpoint.get), web.post("/messages", endpoint.post)])
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    endpoint.port = runner.addresses[0][1]
    try:
        yield endpoint
    finally:
        await runner.cleanup()

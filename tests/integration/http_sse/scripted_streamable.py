"""A streamable HTTP endpoint whose answers a test decides; handshakes it answers of itself."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

SESSION_ID = "upstream-session"
Json = dict[str, Any]


class Exchange:
    """One POST or GET that waits for its answer."""

    def __init__(self, request: web.Request, message: Json | None) -> None:
        self.request = request
        self.message = message
        self.response: web.StreamResponse | None = None
        self.closed = asyncio.Event()

    async def answer(self, body: Any, status: int = 200) -> None:
        """A whole JSON answer."""
        self.response = web.json_response(body, status=status)

    async def begin(self, session_id: str | None = None) -> None:
        """An event stream; the answer to ``initialize`` may give a session id."""
        self.response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        if session_id is not None:
            self.response.headers["mcp-session-id"] = session_id
        await self.response.prepare(self.request)

    async def write(self, octets: bytes) -> None:
        assert self.response is not None
        await self.response.write(octets)

    async def say(self, message: Json, event_id: str | None = None) -> None:
        """One event."""
        identity = b"" if event_id is None else f"id: {event_id}\n".encode()
        data = json.dumps(message).encode()
        await self.write(identity + b"event: message\ndata: %b\n\n" % data)

    def break_off(self) -> None:
        """Reset the connection in the middle."""
        assert self.request.transport is not None
        self.request.transport.abort()

    def result(self, value: Any = None) -> Json:
        """The response to its request."""
        assert self.message is not None
        return {"jsonrpc": "2.0", "id": self.message["id"], "result": value or {"content": []}}


Behaviour = Callable[[Exchange], Awaitable[None]]


async def accept(exchange: Exchange) -> None:
    """202, as for notifications and responses."""
    exchange.response = web.Response(status=202)


class ScriptedStreamable:
    """``behave`` maps a method (``GET``, ``DELETE`` or a JSON-RPC one) to what is done then."""

    def __init__(self) -> None:
        self.seen: list[Exchange] = []
        self.deleted = asyncio.Event()
        self.gives_session_ids = True
        self.port = 0
        self.site: web.TCPSite | None = None
        self.behave: dict[str, Behaviour] = {"initialize": self._initialize, "GET": self._refuse}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    def messages(self, method: str) -> list[Json]:
        """What clients posted of this method."""
        return [
            each.message for each in self.seen if each.message and each.message["method"] == method
        ]

    async def stop_listening(self) -> None:
        """No further connection; those there stay."""
        assert self.site is not None
        await self.site.stop()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        message = json.loads(await request.read()) if request.method == "POST" else None
        exchange = Exchange(request, message)
        of_the_gateway = (
            request.headers.get("user-agent") == "moorage" or request.method == "OPTIONS"
        )
        if of_the_gateway:
            await self._handshake(exchange)
        else:
            self.seen.append(exchange)
            await self._serve(exchange)
        assert exchange.response is not None
        return exchange.response

    async def _serve(self, exchange: Exchange) -> None:
        method = exchange.request.method
        if method == "DELETE":
            self.deleted.set()
        name = (exchange.message or {}).get("method", "response") if method == "POST" else method
        try:
            await self.behave.get(name, accept)(exchange)
        finally:
            exchange.closed.set()

    async def _handshake(self, exchange: Exchange) -> None:
        if exchange.message and exchange.message["method"] == "initialize":
            await self._initialize(exchange)
        else:
            await exchange.answer({}, status=405)

    async def _initialize(self, exchange: Exchange) -> None:
        assert exchange.message is not None
        version = exchange.message["params"]["protocolVersion"]
        server = {"name": "scripted", "version": "1"}
        value = {"protocolVersion": version, "capabilities": {}, "serverInfo": server}
        await exchange.answer(exchange.result(value))
        if self.gives_session_ids:
            assert exchange.response is not None
            exchange.response.headers["mcp-session-id"] = SESSION_ID

    async def _refuse(self, exchange: Exchange) -> None:
        await exchange.answer({}, status=405)


@asynccontextmanager
async def scripted_streamable() -> AsyncIterator[ScriptedStreamable]:
    """One such endpoint, listening."""
    endpoint = ScriptedStreamable()
    app = web.Application()
    app.add_routes([web.route("*", "/mcp", endpoint.serve)])
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    endpoint.site = web.TCPSite(runner, "127.0.0.1", 0)
    await endpoint.site.start()
    endpoint.port = runner.addresses[0][1]
    try:
        yield endpoint
    finally:
        await runner.cleanup()

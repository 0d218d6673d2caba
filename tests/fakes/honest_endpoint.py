"""The behaviour of a small, honest MCP server of both eras, with single methods replaced at will.

Its tool counts the calls of its session, so that lost, doubled and crossed calls show.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from fakes.scripted_upstream import Behaviour, Peer, Received, ScriptedUpstream, upstream

MODERN = "2026-07-28"
SUBSCRIPTION_ID = "io.modelcontextprotocol/subscriptionId"


def result(request: Received, value: object) -> dict[str, Any]:
    """The answer to a request."""
    return {"jsonrpc": "2.0", "id": request.message["id"], "result": value}


def text_content(value: object) -> dict[str, Any]:
    """A tool result that holds `value` as JSON text."""
    return {"content": [{"type": "text", "text": json.dumps(value)}]}


@dataclass
class HonestEndpoint:
    """State of one server process. `on` replaces the behaviour of a method or of a tool."""

    name: str
    on: dict[str, Behaviour] = field(default_factory=dict)
    """By tool name, JSON-RPC method, or HTTP method."""
    sessions: dict[str, int] = field(default_factory=dict)
    """Calls so far, by session id."""
    streams: dict[str, Peer] = field(default_factory=dict)
    """Open GET streams by session id."""
    listens: list[tuple[Received, Peer]] = field(default_factory=list)
    """Open subscriptions/listen streams, oldest first."""
    honours: dict[str, Any] | None = None
    """What of a listen's filter is honoured; None: all of it."""

    async def __call__(self, request: Received, peer: Peer) -> None:
        if request.method != "POST":
            await self._behaviour_of(request.method, self._bodiless)(request, peer)
            return
        message = request.message
        method = message.get("method", "response")
        tool = message.get("params", {}).get("name", "") if method == "tools/call" else ""
        behaviour = self.on.get(tool) if not request.is_of_the_gateway else None
        await (behaviour or self._behaviour_of(method, self._post, request))(request, peer)

    def _behaviour_of(
        self, name: str, honest: Behaviour, request: Received | None = None
    ) -> Behaviour:
        if request is not None and request.is_of_the_gateway:
            return honest
        return self.on.get(name, honest)

    async def _post(self, request: Received, peer: Peer) -> None:
        if request.headers.get("mcp-protocol-version") == MODERN:
            await self._modern(request, peer)
        elif request.message.get("method") == "initialize":
            await self.initialize(request, peer)
        elif request.headers.get("mcp-session-id") not in self.sessions:
            await self._unknown_session(request, peer)
        elif "id" not in request.message or "method" not in request.message:
            await peer.answer(202, b"")
        elif request.message["method"] == "tools/call":
            await self.call(request, peer)
        else:
            await peer.json(result(request, {}))

    async def initialize(self, request: Received, peer: Peer) -> None:
        """Open a session."""
        session_id = f"{self.name}-{uuid4().hex}"
        self.sessions[session_id] = 0
        await peer.json(result(request, self.initialized(request)), f"Mcp-Session-Id: {session_id}")

    def initialized(self, request: Received) -> dict[str, Any]:
        """The result of initialize."""
        return {
            "protocolVersion": request.message["params"]["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": self.name, "version": "1"},
        }

    async def call(self, request: Received, peer: Peer) -> None:
        """Count a call of its session."""
        await peer.json(result(request, self.counted(request)))

    def counted(self, request: Received) -> dict[str, Any]:
        """The result of a call."""
        session_id = request.headers.get("mcp-session-id", "")
        self.sessions[session_id] = self.sessions.get(session_id, 0) + 1
        count, name = self.sessions[session_id], self.name
        return text_content({"session": session_id, "count": count, "endpoint": name})

    async def _unknown_session(self, request: Received, peer: Peer) -> None:
        error = {"code": -32600, "message": "Session not found"}
        await peer.json({"jsonrpc": "2.0", "id": "server-error", "error": error}, status=404)

    async def _bodiless(self, request: Received, peer: Peer) -> None:
        session_id = request.headers.get("mcp-session-id", "")
        if request.method == "OPTIONS":
            await peer.answer(405, b"")
        elif session_id not in self.sessions:
            await peer.json({"jsonrpc": "2.0", "id": None, "error": {"code": -32600}}, status=404)
        elif request.method == "DELETE":
            del self.sessions[session_id]
            await peer.answer(200, b"")
        elif session_id in self.streams:
            await peer.json({"jsonrpc": "2.0", "id": None, "error": {"code": -32600}}, status=409)
        else:
            await self._hold_stream(session_id, peer)

    async def _hold_stream(self, session_id: str, peer: Peer) -> None:
        self.streams[session_id] = peer
        try:
            await peer.stream()
            await peer.gone.wait()
        finally:
            del self.streams[session_id]

    # the modern era

    async def _modern(self, request: Received, peer: Peer) -> None:
        method = request.message["method"]
        if method == "server/discover":
            await peer.json(result(request, {"supportedVersions": [MODERN]}))
        elif method == "subscriptions/listen":
            await self.listen(request, peer)
        else:
            value = text_content({"endpoint": self.name, "params": request.message["params"]})
            await peer.json(result(request, {"resultType": "complete", **value}))

    async def listen(self, request: Received, peer: Peer) -> None:
        """Acknowledge a listen and hold it."""
        wanted = request.message["params"]["notifications"]
        honoured = wanted if self.honours is None else self.honours
        await peer.stream()
        await self._tell(request, peer, "notifications/subscriptions/acknowledged", honoured)
        self.listens.append((request, peer))
        await peer.gone.wait()
        self.listens.remove((request, peer))

    async def _tell(
        self, request: Received, peer: Peer, method: str, notifications: object
    ) -> None:
        meta = {SUBSCRIPTION_ID: request.message["id"]}
        params = {"_meta": meta, "notifications": notifications}
        await peer.event({"jsonrpc": "2.0", "method": method, "params": params})

    async def changed(self, method: str = "notifications/tools/list_changed") -> None:
        """Tell every listener of a change."""
        for request, peer in tuple(self.listens):
            params = {"_meta": {SUBSCRIPTION_ID: request.message["id"]}, "from": self.name}
            await peer.event({"jsonrpc": "2.0", "method": method, "params": params})


@dataclass
class HonestUpstream:
    """A running endpoint and the state of its server."""

    server: ScriptedUpstream
    endpoint: HonestEndpoint

    async def restart(self) -> None:
        """A new process on the same address: it knows none of the old one's sessions."""
        await self.server.stop()
        self.endpoint = HonestEndpoint(self.endpoint.name, self.endpoint.on)
        self.server.behaviour = self.endpoint
        await self.server.start()


@asynccontextmanager
async def honest_upstreams(
    count: int = 1, on: Mapping[str, Behaviour] | None = None
) -> AsyncIterator[list[HonestUpstream]]:
    """Running endpoints, which share the replaced behaviours."""
    async with AsyncExitStack() as stack:
        shared = dict(on or {})
        endpoints = [HonestEndpoint(f"e{n}", shared) for n in range(count)]
        yield [
            HonestUpstream(await stack.enter_async_context(upstream(endpoint)), endpoint)
            for endpoint in endpoints
        ]


async def never_answer(request: Received, peer: Peer) -> None:
    """Hang until the gateway gives up."""
    await peer.gone.wait()


def after(seconds: float, behaviour: Behaviour) -> Behaviour:
    """The same behaviour, later."""

    async def behave(request: Received, peer: Peer) -> None:
        await asyncio.sleep(seconds)
        await behaviour(request, peer)

    return behave

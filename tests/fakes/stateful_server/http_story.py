"""Streamable HTTP (2025-11-25 basic/transports) over the sessions."""

import asyncio
import json
import os
import socket
from typing import Any

from aiohttp import web

from fakes.stateful_server.sessions import (
    ADVANCE_TOOL,
    Message,
    Session,
    SessionBook,
    initialize_result,
)

SESSION_HEADER = "Mcp-Session-Id"
SSE_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}
REPLICA = f"{socket.gethostname()}/{os.getpid()}"
MAX_WAITING_PUSHES = 1_000

Stream = asyncio.Queue[Message | None]


class HttpStory:
    def __init__(self) -> None:
        self._book = SessionBook()
        self._streams: dict[str, Stream] = {}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path != "/mcp":
            return _refusal(404, -32600, f"no {request.path} here")
        message = await request.json() if request.method == "POST" else {}
        if message.get("method") == "initialize":
            return self._initialize(message)
        identifier = request.headers.get(SESSION_HEADER)
        if identifier is None:
            return _refusal(400, -32600, "Missing session ID")
        session = self._book.find(identifier)
        if session is None:
            return _refusal(404, -32600, "Session not found")
        if request.method == "POST":
            return await self._message(request, session, message)
        if request.method == "GET":
            return await self._stream(request, session)
        return self._delete(session)

    def _initialize(self, message: Message) -> web.Response:
        session = self._book.open()
        answer = _json(_result(message, initialize_result(message.get("params", {}))))
        answer.headers[SESSION_HEADER] = session.identifier
        return answer

    def _delete(self, session: Session) -> web.Response:
        self._book.close(session)
        if (stream := self._streams.get(session.identifier)) is not None:
            stream.put_nowait(None)
        return web.Response(status=200)

    async def _message(
        self, request: web.BaseRequest, session: Session, message: Message
    ) -> web.StreamResponse:
        if "method" not in message or "id" not in message:
            return web.Response(status=202)
        method = message["method"]
        if method == "tools/call":
            return await self._call(request, session, message)
        if method == "tools/list":
            return _json(_result(message, {"tools": [ADVANCE_TOOL]}))
        if method in ("ping", "logging/setLevel"):
            return _json(_result(message, {}))
        error = {"code": -32601, "message": f"Method not found: {method}"}
        return _json({"jsonrpc": "2.0", "id": message["id"], "error": error})

    async def _call(
        self, request: web.BaseRequest, session: Session, message: Message
    ) -> web.StreamResponse:
        told = session.advance(message["params"]["arguments"], REPLICA)
        stream = self._streams.get(session.identifier)
        if stream is not None and session.pushes_now:
            stream.put_nowait(_notification("message", {"level": "info", "data": told}))
        answer = _result(message, {"content": [{"type": "text", "text": json.dumps(told)}]})
        if not session.answers_by_sse:
            return _json(answer)
        return await _write_events(request, [*_progress(message, told), answer])

    async def _stream(self, request: web.BaseRequest, session: Session) -> web.StreamResponse:
        if session.identifier in self._streams:
            return _refusal(409, -32600, "Only one SSE stream is allowed per session")
        stream: Stream = asyncio.Queue(MAX_WAITING_PUSHES)
        self._streams[session.identifier] = stream
        try:
            response = web.StreamResponse(headers=SSE_HEADERS)
            await response.prepare(request)
            while (notification := await stream.get()) is not None:
                await response.write(_event(notification))
            await response.write_eof()
        finally:
            del self._streams[session.identifier]
        return response


def _progress(message: Message, told: Message) -> list[Message]:
    """The notification that the caller's token asks for; it names the session's owner."""
    token = message["params"].get("_meta", {}).get("progressToken")
    if token is None:
        return []
    params = {"progressToken": token, "progress": told["count"], "message": told["owner"]}
    return [_notification("progress", params)]


async def _write_events(request: web.BaseRequest, messages: list[Message]) -> web.StreamResponse:
    response = web.StreamResponse(headers=SSE_HEADERS)
    await response.prepare(request)
    for message in messages:
        await response.write(_event(message))
    await response.write_eof()
    return response


def _result(message: Message, result: Message) -> Message:
    return {"jsonrpc": "2.0", "id": message["id"], "result": result}


def _notification(kind: str, params: Message) -> Message:
    return {"jsonrpc": "2.0", "method": f"notifications/{kind}", "params": params}


def _event(message: Message) -> bytes:
    return b"event: message\ndata: " + json.dumps(message).encode() + b"\n\n"


def _json(body: Any, status: int = 200) -> web.Response:
    return web.Response(
        status=status, body=json.dumps(body).encode(), content_type="application/json"
    )


def _refusal(status: int, code: int, message: str) -> web.Response:
    error = {"code": code, "message": message}
    return _json({"jsonrpc": "2.0", "id": None, "error": error}, status)

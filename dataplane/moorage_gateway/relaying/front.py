"""The front: one HTTP request becomes a call, its story is told, its end is written down."""

import asyncio
from typing import cast

from aiohttp import web
from moorage_wire.heads import HeadRefusal, RequestHead, read_head, read_target

from moorage_contract.route_table import Route, RouteTable
from moorage_gateway.access.origin_guard import OriginGuard
from moorage_gateway.access.principal import ANONYMOUS
from moorage_gateway.errors import (
    GatewayError,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    UpstreamError,
)
from moorage_gateway.limiting.request_body import read_request_body
from moorage_gateway.refusals import body_of, head_of, status_of
from moorage_gateway.relaying.answers import KEPT_OPEN, TO_CLOSE, Answer, ReadyAnswer
from moorage_gateway.relaying.call import Call
from moorage_gateway.relaying.call_end import CallEnds
from moorage_gateway.relaying.client_connection import ClientConnection
from moorage_gateway.relaying.message_story import MessageStory
from moorage_gateway.relaying.modern_capsules import name_of
from moorage_gateway.relaying.modern_story import ModernStory
from moorage_gateway.relaying.runtime import Runtime
from moorage_gateway.relaying.stream_story import StreamStory
from moorage_wire.eras import Era, era_of
from moorage_wire.jsonrpc import MalformedMessage, Message, read_body

_HTTP_11 = (1, 1)


class Front:
    """aiohttp's handler for the MCP port."""

    def __init__(self, runtime: Runtime, ends: CallEnds) -> None:
        self._runtime = runtime
        self._ends = ends
        self._routes: dict[str, Route] = {}
        self._guard = OriginGuard(())
        self._messages = MessageStory(runtime)
        self._modern = ModernStory(runtime)
        self.streams = StreamStory(runtime)
        self.closing = False
        """True while the process stops: every answer closes its connection."""

    def apply(self, table: RouteTable) -> None:
        """Serve this table from the next request on."""
        self._routes = {route.path: route for route in table.routes}
        self._guard = OriginGuard(table.hostnames)

    async def handle(self, request: web.BaseRequest) -> Answer:
        """Never raises but CancelledError: every failure becomes a named refusal."""
        try:
            head = read_head(request._message.raw_headers)
        except HeadRefusal as error:
            return self._ends.refused_head(_malformed_head(error), request)
        client = cast(ClientConnection, request.protocol)
        call = Call(client, head, self._runtime.loop_seconds())
        call.http11 = request.version >= _HTTP_11
        call.keep_alive = request.keep_alive and call.http11 and not self.closing
        try:
            await self._tell(call, request)
            return KEPT_OPEN if call.keep_alive else TO_CLOSE
        except GatewayError as error:
            return self._refuse(call, error)
        except asyncio.CancelledError:
            call.outcome = "client_gone"
            raise
        finally:
            self._ends.ended(call)

    async def _tell(self, call: Call, request: web.BaseRequest) -> None:
        self._guard.check(call.head.host, call.head.origin)
        call.route = route = self._route(request._message.path)
        call.group = self._runtime.book.groups[route.group]
        if request.method == "POST":
            await self._post(call, request)
        elif era_of(call.head.protocol_version) is Era.MODERN:
            raise MethodNotAllowed(f"{request.method} has no meaning at 2026-07-28")
        elif request.method == "GET":
            call.method = "GET"
            await self.streams.get(call, ANONYMOUS)
        elif request.method == "DELETE":
            call.method = "DELETE"
            await self.streams.delete(call, ANONYMOUS)
        else:
            raise MethodNotAllowed(f"{request.method} has no meaning in MCP")

    def _route(self, target: str) -> Route:
        route = self._routes.get(target)
        if route is None:
            try:
                path, _query = read_target(target)
            except HeadRefusal as error:
                raise _malformed_head(error) from error
            route = self._routes.get(path)
        if route is None:
            raise NotFound(
                "no route at this path", remedy="use the path of one of the gateway's routes"
            )
        return route

    async def _post(self, call: Call, request: web.BaseRequest) -> None:
        head = call.head
        _require_json(head)
        body = await read_request_body(
            request,
            self._runtime.limits,
            self._runtime.half_sent,
            expects_continue=head.expects_continue,
        )
        call.bytes_in = len(body)
        read = _read(body)
        if isinstance(read, tuple):
            call.method = "batch"
        else:
            call.message = read
            call.method = read.method or "response"
            call.tool = name_of(read) if read.method == "tools/call" else None
        modern = era_of(head.protocol_version) is Era.MODERN
        story = self._modern if modern else self._messages
        await story.tell(call, read, ANONYMOUS, request._message.raw_headers)

    def _refuse(self, call: Call, error: GatewayError) -> Answer:
        call.outcome = "upstream_error" if isinstance(error, UpstreamError) else "refused"
        call.reason, call.status = error.reason, status_of(error)
        body = body_of(error, call.raw_id)
        call.bytes_out = len(body)
        octets = head_of(error, len(body), keep_alive=call.keep_alive) + body
        return ReadyAnswer(octets, keep_alive=call.keep_alive)


def _read(body: bytes) -> Message | tuple[Message, ...]:
    try:
        return read_body(body)
    except MalformedMessage as error:
        raise MalformedRequest(
            f"{error.path}: {error}" if error.path else str(error),
            reason=error.reason,
            remedy="send one JSON-RPC 2.0 message in UTF-8",
            code=error.code,
        ) from error


def _require_json(head: RequestHead) -> None:
    content_type = (head.content_type or b"").split(b";", 1)[0].strip().lower()
    if content_type != b"application/json":
        raise MalformedRequest(
            "the content type of a message is application/json",
            reason="UnsupportedContentType",
            remedy="send Content-Type: application/json",
            status=415,
        )


def _malformed_head(error: HeadRefusal) -> MalformedRequest:
    return MalformedRequest(error.message, reason=error.reason, status=error.status)

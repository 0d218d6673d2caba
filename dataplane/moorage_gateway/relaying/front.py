"""The front: one HTTP request becomes a call, its story is told, its end is written down."""

import asyncio
import logging
import secrets

from moorage_contract.route_table import Route, RouteTable
from moorage_gateway.access.loop_guard import LoopGuard
from moorage_gateway.access.origin_guard import PREFLIGHT, OriginGuard
from moorage_gateway.access.principal import ANONYMOUS
from moorage_gateway.errors import (
    GatewayError,
    LoopDetected,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    UpstreamError,
)
from moorage_gateway.refusals import body_of, head_of, status_of
from moorage_gateway.relaying.answer_head import whole_head
from moorage_gateway.relaying.call import Call
from moorage_gateway.relaying.call_end import CallEnds
from moorage_gateway.relaying.client_connection import ClientConnection
from moorage_gateway.relaying.http_request import HttpRequest
from moorage_gateway.relaying.http_sse.http_sse_story import HttpSseStory
from moorage_gateway.relaying.message_story import MessageStory
from moorage_gateway.relaying.modern_story import ModernStory
from moorage_gateway.relaying.runtime import Runtime
from moorage_gateway.relaying.stream_story import StreamStory
from moorage_gateway.routing.picker import none_ready
from moorage_wire.eras import Era, era_of
from moorage_wire.heads import HeadRefusal, RequestHead, read_target
from moorage_wire.jsonrpc import MalformedMessage, Message, read_body

_log = logging.getLogger(__name__)


class Front:
    """Serves the MCP port: ``handle`` gets every whole request."""

    def __init__(self, runtime: Runtime, ends: CallEnds, loop_guard: LoopGuard) -> None:
        self._runtime = runtime
        self._ends = ends
        self._routes: dict[str, Route] = {}
        self._guard = OriginGuard(())
        self._loop_guard = loop_guard
        self._messages = MessageStory(runtime)
        self._modern = ModernStory(runtime)
        self.streams = StreamStory(runtime)
        self.http_sse = HttpSseStory(runtime, new_id=lambda: secrets.token_urlsafe(16))

    def apply(self, table: RouteTable) -> None:
        """Serve this table from the next request on."""
        self._routes = {route.path: route for route in table.routes}
        self._guard = OriginGuard(table.hostnames)

    def finish_listens(self) -> None:
        """The process stops: every listen ends with its result."""
        self._modern.listens.finish()

    async def handle(self, client: ClientConnection, request: HttpRequest) -> None:
        """Answer one request. Every failure becomes a named refusal."""
        call = Call(client, request.head, self._runtime.loop_seconds())
        call.http11 = request.http11
        call.is_head = request.method == "HEAD"
        call.keep_alive = request.keep_alive
        try:
            await self._tell(call, request)
        except GatewayError as error:
            self._refuse(call, error)
        except asyncio.CancelledError:
            # Clients end their streams by closing them; gone is who has not got its answer.
            if not call.answered and call.method != "stream":
                call.outcome = "client_gone"
            raise
        except Exception:
            _log.exception("a request failed inside the gateway")
            self._refuse(call, GatewayError("the gateway failed; this is a defect of it"))
        finally:
            self._ends.ended(call)
            client.finished(keep_alive=call.keep_alive)

    async def _tell(self, call: Call, request: HttpRequest) -> None:
        head = call.head
        call.cors_lines = self._guard.check(head.host, head.origin)
        call.route = route = self._route(request.target)
        call.group = group = self._runtime.book.groups[route.group]
        if head.cdn_loop is not None:
            self._refuse_loop(call, request, head.cdn_loop)
        if group.rules.unresolved:
            raise none_ready(group)
        if request.method == "POST":
            await self._post(call, request)
        elif request.method == "OPTIONS" and call.cors_lines:
            _answer_preflight(call)
        elif self.http_sse.takes(call, request):
            await self._http_sse(call, request)
        elif era_of(head.protocol_version) is Era.MODERN:
            raise MethodNotAllowed(f"{request.method} has no meaning at 2026-07-28", allowed="POST")
        elif request.method == "GET":
            call.method = "stream"
            request.raw_headers = ()  # a stream may last for hours, and needs them no more
            await self.streams.get(call, ANONYMOUS)
        elif request.method == "DELETE":
            call.method = "delete"
            await self.streams.delete(call, ANONYMOUS)
        else:
            raise MethodNotAllowed(
                f"{request.method} has no meaning in MCP", allowed="GET, POST, DELETE"
            )

    def _refuse_loop(self, call: Call, request: HttpRequest, passed: bytes) -> None:
        try:
            self._loop_guard.check(passed)
        except LoopDetected:
            # Under its id, so that whoever sent it knows at once which call it was.
            if request.method == "POST":
                _read_into(call, request.body)
            raise

    async def _http_sse(self, call: Call, request: HttpRequest) -> None:
        if request.method == "GET":
            call.method = "stream"
            await self.http_sse.get(call, request, ANONYMOUS)
        else:
            call.method = "delete"
            await self.http_sse.delete(call, ANONYMOUS)

    def _route(self, target: str) -> Route:
        route = self._routes.get(target)
        if route is None:
            try:
                path, _query = read_target(target)
            except HeadRefusal as error:
                raise MalformedRequest(
                    error.message, reason=error.reason, status=error.status
                ) from error
            route = self._routes.get(path)
        if route is None:
            raise NotFound(
                "no route at this path", remedy="use the path of one of the gateway's routes"
            )
        return route

    async def _post(self, call: Call, request: HttpRequest) -> None:
        _require_json(call.head)
        read = _read_into(call, request.body)
        if self.http_sse.takes(call, request):
            await self.http_sse.post(call, request, read, ANONYMOUS)
            return
        modern = era_of(call.head.protocol_version) is Era.MODERN
        story = self._modern if modern else self._messages
        await story.tell(call, read, ANONYMOUS, request.raw_headers)

    def _refuse(self, call: Call, error: GatewayError) -> None:
        call.outcome = "upstream_error" if isinstance(error, UpstreamError) else "refused"
        call.reason, call.status = error.reason, status_of(error)
        body = body_of(error, call.raw_id)
        head = head_of(error, len(body), call.cors_lines, keep_alive=not call.decide_closing())
        # RFC 9110 §9.3.2: to HEAD a body would be taken for the next answer.
        octets = head if call.is_head else head + body
        call.bytes_out = len(octets) - len(head)
        if call.client.transport is not None:
            call.client.transport.write(octets)


def _read_into(call: Call, body: bytes) -> Message | tuple[Message, ...]:
    call.bytes_in = len(body)
    read = _read(body)
    if isinstance(read, tuple):
        call.method = "batch"
    else:
        call.message = read
        call.method = read.method or "response"
    return read


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


def _answer_preflight(call: Call) -> None:
    call.status = 200
    if call.client.transport is not None:
        closing = call.decide_closing()
        call.client.transport.write(whole_head(200, PREFLIGHT, call.cors_lines, 0, closing))


def _require_json(head: RequestHead) -> None:
    if head.content_type == b"application/json":
        return
    content_type = (head.content_type or b"").split(b";", 1)[0].strip().lower()
    if content_type != b"application/json":
        raise MalformedRequest(
            "the content type of a message is application/json",
            reason="UnsupportedContentType",
            remedy="send Content-Type: application/json",
            status=415,
        )

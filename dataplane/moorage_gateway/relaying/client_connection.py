"""The client's side of a connection: bytes in, whole requests out, one at a time.

On the hot path our own protocol on httptools replaced aiohttp's low-level server because it
costs half as much per call (docs/decisions/0005-hot-path.md). Both run the same parser, llhttp;
here it runs without lenient flags, and ``moorage_wire.heads`` checks what it lets pass.
"""

import asyncio
from collections import deque
from typing import Protocol, cast

import httptools

from moorage_gateway.errors import CapacityError, GatewayError, MalformedRequest, RequestTimeout
from moorage_gateway.refusals import body_of, head_of
from moorage_gateway.relaying.front_server import FrontServer
from moorage_gateway.relaying.http_request import HttpRequest
from moorage_wire.heads import HeadRefusal, read_head

NEVER = float("inf")
PIPELINED_REQUESTS = 16
"""Requests that may wait behind a running one before the client is not read any further."""
LINGER_SECONDS = 1.0
"""How long what a refused client still sends is read away, so that it can read the refusal."""


class Feeder(Protocol):
    """Who writes to a client and must stop while the client does not read."""

    @property
    def written(self) -> bool: ...
    def client_paused(self) -> None: ...
    def client_resumed(self) -> None: ...


class ClientConnection(asyncio.Protocol):
    """One client connection. ``deadline`` is when the server's sweep ends its present state."""

    __slots__ = (
        "_begun_at",
        "_body",
        "_body_bytes",
        "_closing",
        "_deaf",
        "_half_sent",
        "_headers",
        "_loop",
        "_message_bytes",
        "_parser",
        "_refusal",
        "_request",
        "_server",
        "_target",
        "_task",
        "_waiting",
        "address",
        "deadline",
        "feeder",
        "transport",
        "writing_paused",
    )

    def __init__(self, server: FrontServer, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop
        self._parser: httptools.HttpRequestParser | None = None
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._request: HttpRequest | None = None
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._message_bytes = 0
        self._begun_at = 0.0
        self._half_sent = False
        self._refusal: GatewayError | None = None
        self._waiting: deque[HttpRequest] = deque()
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self._deaf = False
        self.address = ""
        """The client's IP address."""
        self.deadline = NEVER
        self.feeder: Feeder | None = None
        self.transport: asyncio.Transport | None = None
        self.writing_paused = False

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        # At 0 uvloop writes at once instead of at the end of the loop's turn: a segment is on the
        # socket before the next one is read, and whoever feeds a full socket is paused at once.
        self.transport.set_write_buffer_limits(0)
        self._parser = httptools.HttpRequestParser(self)
        peer = self.transport.get_extra_info("peername")
        self.address = peer[0] if isinstance(peer, tuple) else "unix"
        self.deadline = self._loop.time() + self._server.limits.keepalive_seconds
        try:
            self._server.joined(self)
        except CapacityError as error:
            self.refuse(error)

    def data_received(self, data: bytes) -> None:
        if self._closing or self._deaf:
            return
        self._message_bytes += len(data)
        try:
            assert self._parser is not None
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # The request is whole and answered as if it had not offered to switch (RFC 9110 §7.8);
            # what follows it is of no protocol that we know.
            self._deaf = True
        except httptools.HttpParserError:
            self._refusal = self._refusal or _malformed("the request is no valid HTTP/1.1")
        if self._refusal is not None:
            if self._task is None and not self._waiting:
                self.refuse(self._refusal)
        elif self._begun_at:
            self._half_received()
        elif len(self._waiting) > PIPELINED_REQUESTS and self.transport is not None:
            self.transport.pause_reading()

    def eof_received(self) -> bool:
        """A client that has only closed its sending side still gets its answer.

        One that is gone looks the same until something is written: an interim answer shows
        (RFC 9110 §15.2.1), and the reset that it draws ends the call.
        """
        if self._task is None or self.transport is None:
            return False
        if self.feeder is not None and self.feeder.written:
            return False
        self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._parser = None
        self._closing = True
        self._waiting.clear()
        self._whole_or_over()
        self.deadline = NEVER
        self._server.left(self)
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        """The client reads slower than we write: pause who feeds it, not for ever."""
        self.writing_paused = True
        self.deadline = self._loop.time() + self._server.limits.write_stall_seconds
        if self.feeder is not None:
            self.feeder.client_paused()

    def resume_writing(self) -> None:
        """The client reads again."""
        self.writing_paused = False
        self.deadline = NEVER
        if self.feeder is not None:
            self.feeder.client_resumed()

    # httptools

    def on_message_begin(self) -> None:
        self._begun_at = self._loop.time()
        self._target = b""
        self._headers = []
        self._request = None
        self._body = []
        self._body_bytes = 0

    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        # Trailers come after the head was read and are dropped.
        if self._request is None:
            if value and value[-1] in b" \t":
                value = value.rstrip(b" \t")  # RFC 9110 §5.5; llhttp strips in front only
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        parser, limits = self._parser, self._server.limits
        assert parser is not None
        raw_headers = tuple(self._headers)
        version = parser.get_http_version()
        if version not in ("1.1", "1.0"):
            self._refusal = self._refusal or _unknown_version()
            return
        try:
            head = read_head(raw_headers, max_header_bytes=limits.request_head_bytes)
        except HeadRefusal as error:
            self._refusal = self._refusal or MalformedRequest(
                error.message, reason=error.reason, status=error.status
            )
            return
        request = HttpRequest(
            parser.get_method().decode("latin-1"),
            self._target.decode("latin-1"),
            head,
            version == "1.1",
        )
        request.raw_headers = raw_headers
        self._request = request

    def on_body(self, piece: bytes) -> None:
        self._body_bytes += len(piece)
        if self._body_bytes <= self._server.limits.request_body_bytes:
            self._body.append(piece)
        elif self._refusal is None:
            self._refusal = self._too_large()

    def on_message_complete(self) -> None:
        request, self._request = self._request, None
        self._begun_at = 0.0
        self._message_bytes = 0
        if self._half_sent:
            self._whole_or_over()
        if request is None or self._refusal is not None:
            return
        assert self._parser is not None
        request.keep_alive = (
            request.http11 and not request.head.offers_upgrade and self._parser.should_keep_alive()
        )
        request.body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        if self._task is None:
            self._begin(request)
        else:
            self._waiting.append(request)

    # a request runs

    def _begin(self, request: HttpRequest) -> None:
        self.deadline = NEVER
        task = self._server.start_task(self._server.handler(self, request))
        if not task.done():
            self._task = task

    def finished(self, *, keep_alive: bool) -> None:
        """The running request has been answered; the next one, if any, may begin."""
        self._task = None
        if self.transport is None:
            return
        if not keep_alive or self._closing:
            self.close()
        elif self._waiting:
            self._loop.call_soon(self._begin_next)
        elif self._refusal is not None:
            self.refuse(self._refusal)
        elif not self.writing_paused:
            self.deadline = self._loop.time() + self._server.limits.keepalive_seconds

    def _begin_next(self) -> None:
        if self._waiting and self._task is None and self.transport is not None:
            self._begin(self._waiting.popleft())
            if len(self._waiting) == PIPELINED_REQUESTS:
                self.transport.resume_reading()

    # a request is only half there

    def _half_received(self) -> None:
        limits = self._server.limits
        if self._request is None and self._message_bytes > limits.request_head_bytes:
            self.refuse(_head_too_large(limits.request_head_bytes))
        elif (
            self._message_bytes > limits.request_head_bytes + 2 * limits.request_body_bytes
            or self._declared_too_large()
        ):
            self.refuse(self._too_large())
        else:
            self._await_rest()

    def _await_rest(self) -> None:
        limits = self._server.limits
        if not self._half_sent:
            try:
                self._server.half_sent.enter(self.address)
            except CapacityError as error:
                self.refuse(error)
                return
            self._half_sent = True
        if self._request is None:
            deadline = self._begun_at + limits.head_seconds
        else:
            if self._request.head.expects_continue and not self._body and self.transport:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            deadline = min(
                self._loop.time() + limits.body_idle_seconds,
                self._begun_at + limits.body_seconds,
            )
        if self._task is None:
            self.deadline = deadline

    def _declared_too_large(self) -> bool:
        limit = self._server.limits.request_body_bytes
        return any(
            name.lower() == b"content-length" and value.isdigit() and int(value[:20]) > limit
            for name, value in self._headers
        )

    def _whole_or_over(self) -> None:
        if self._half_sent:
            self._half_sent = False
            self._server.half_sent.leave(self.address)

    # how it ends

    def deadline_passed(self) -> None:
        """The present state has lasted too long: idle, half-sent, or a reader that stalls."""
        if self.writing_paused:
            self._server.refused.refused("SlowReader")
            if self.transport is not None:
                self.transport.abort()
        elif self._begun_at:
            self.refuse(_too_slow(in_head=self._request is None))
        elif self._task is None:
            self.close()

    def refuse(self, error: GatewayError) -> None:
        """Answer with ``error`` outside any request, and close."""
        if self._closing:
            return
        self._closing = True
        self._server.refused.refused(error.reason)
        self._whole_or_over()
        if self.transport is None:
            return
        body = body_of(error, None)
        self.transport.write(head_of(error, len(body), keep_alive=False) + body)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._loop.call_later(LINGER_SECONDS, self.close)

    def close(self) -> None:
        """Close once everything written is sent."""
        self._closing = True
        if self.transport is not None:
            self.transport.close()

    def close_if_idle(self) -> None:
        """Close a connection that carries no request at the moment."""
        if not self.busy:
            self.close()

    def abort(self) -> None:
        """End the connection now, and the request it carries."""
        if self.transport is not None:
            self.transport.abort()

    @property
    def busy(self) -> bool:
        """True while a request runs or is half there."""
        return self._task is not None or bool(self._waiting) or self._begun_at > 0

    def _too_large(self) -> MalformedRequest:
        return MalformedRequest(
            f"the request's body is over {self._server.limits.request_body_bytes} bytes",
            reason="BodyTooLarge",
            remedy="send less in one message",
            status=413,
        )


def _malformed(message: str) -> MalformedRequest:
    return MalformedRequest(
        message, reason="MalformedHead", remedy="send requests that follow RFC 9112"
    )


def _unknown_version() -> MalformedRequest:
    return MalformedRequest(
        "this HTTP version is not served here",
        reason="HttpVersionNotSupported",
        remedy="use HTTP/1.1",
        status=505,
    )


def _head_too_large(limit_bytes: int) -> MalformedRequest:
    return MalformedRequest(
        f"the request's head is over {limit_bytes} bytes",
        reason="HeaderTooLarge",
        remedy="send fewer or shorter headers",
        status=431,
    )


def _too_slow(*, in_head: bool) -> RequestTimeout:
    return RequestTimeout(
        f"the request's {'head' if in_head else 'body'} did not come in time",
        reason="HeadTimeout" if in_head else "BodyTimeout",
        remedy="send each request in one go",
    )

"""The client's side of a connection: aiohttp's low-level server, with the bounds it lacks.

It adds what was measured to be missing there: a time limit on half-sent heads, write pauses that
reach whoever feeds the transport, a bound on connections (docs/decisions/0005-hot-path.md).
"""

import asyncio
from typing import Any, Protocol, cast

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from moorage_gateway.errors import CapacityError, GatewayError, MalformedRequest, RequestTimeout
from moorage_gateway.limiting.half_sent import HalfSent
from moorage_gateway.refusals import body_of, head_of
from moorage_gateway.relaying.answers import ReadyAnswer
from moorage_gateway.settings import Limits


class Feeder(Protocol):
    """Who writes to a client and must stop while the client does not read."""

    def client_paused(self) -> None: ...
    def client_resumed(self) -> None: ...


class Refused(Protocol):
    """Who counts refusals that never became a request."""

    def refused(self, reason: str) -> None: ...


class ClientConnection(RequestHandler):
    """One client connection. ``feeder`` is whoever streams to it at the moment."""

    __slots__ = ("_half_sent_address", "_head_timer", "_server", "_stall_timer", "feeder")

    def __init__(self, server: "FrontServer", loop: asyncio.AbstractEventLoop, **kwargs: Any):
        super().__init__(server, loop=loop, **kwargs)
        self._server = server
        self._head_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None
        self._half_sent_address: str | None = None
        self.feeder: Feeder | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Refuse past the bound; a slow reader's buffer is small, so that it is noticed."""
        super().connection_made(transport)
        server = self._server
        cast(asyncio.Transport, transport).set_write_buffer_limits(server.limits.write_buffer_bytes)
        server.open_connections += 1
        if server.open_connections > server.limits.client_connections:
            self.refuse(
                CapacityError(
                    f"this gateway already has {server.limits.client_connections} connections",
                    reason="TooManyConnections",
                    remedy="use fewer connections, or add gateway replicas",
                    retry_after_seconds=1,
                )
            )

    def data_received(self, data: bytes) -> None:
        """Feed aiohttp's parser, and watch that a begun head does not stay half-sent."""
        super().data_received(data)
        waiter = self._waiter
        if waiter is not None and not waiter.done() and not self._messages:
            if self._head_timer is None and self.transport is not None:
                self._head_begun()
        elif self._head_timer is not None:
            self._head_whole()

    def _head_begun(self) -> None:
        address = str((self.peername or ("",))[0])
        try:
            self._server.half_sent.enter(address)
        except CapacityError as error:
            self.refuse(error)
            return
        self._half_sent_address = address
        seconds = self._server.limits.head_seconds
        self._head_timer = self._loop.call_later(
            seconds,
            self.refuse,
            RequestTimeout(
                f"the request's head was not whole after {seconds:.0f} s", reason="HeadTimeout"
            ),
        )

    def _head_whole(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        if self._half_sent_address is not None:
            self._server.half_sent.leave(self._half_sent_address)
            self._half_sent_address = None

    def refuse(self, error: GatewayError) -> None:
        """Answer with ``error`` outside any request, and close."""
        self._server.refused.refused(error.reason)
        if self.transport is not None:
            body = body_of(error, None)
            self.transport.write(head_of(error, len(body), keep_alive=False) + body)
        self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> Any:
        """aiohttp's parser refused the head: our refusal, and no word of the head in any log."""
        error = MalformedRequest(
            "the request is no valid HTTP/1.1",
            reason="MalformedHead",
            remedy="send a head that follows RFC 9112",
            status=status,
        )
        self._server.refused.refused(error.reason)
        body = body_of(error, None)
        return ReadyAnswer(head_of(error, len(body), keep_alive=False) + body, keep_alive=False)

    def pause_writing(self) -> None:
        """The client reads slower than we write: pause who feeds it, not for ever."""
        super().pause_writing()
        if self.feeder is not None:
            self.feeder.client_paused()
        self._stall_timer = self._loop.call_later(
            self._server.limits.write_stall_seconds, self._stalled
        )

    def resume_writing(self) -> None:
        """The client reads again."""
        super().resume_writing()
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None
        if self.feeder is not None:
            self.feeder.client_resumed()

    def _stalled(self) -> None:
        self._server.refused.refused("SlowReader")
        if self.transport is not None:
            self.transport.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        """aiohttp cancels the running story; whoever fed this connection ends with it."""
        if self._manager is not None:
            self._server.open_connections -= 1
        self._head_whole()
        if self._stall_timer is not None:
            self._stall_timer.cancel()
        super().connection_lost(exc)


class FrontServer(web.Server):
    """aiohttp's low-level server with our connections, and what they count together."""

    def __init__(self, handler: Any, limits: Limits, half_sent: HalfSent, refused: Refused) -> None:
        super().__init__(
            handler,
            handler_cancellation=True,
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=limits.keepalive_seconds,
            lingering_time=1.0,
            max_line_size=limits.request_head_bytes,
            max_field_size=limits.request_head_bytes,
        )
        self.limits = limits
        self.half_sent = half_sent
        self.refused = refused
        self.open_connections = 0

    def __call__(self) -> RequestHandler:
        return ClientConnection(self, loop=self._loop, **self._kwargs)

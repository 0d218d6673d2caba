"""The client's side of a connection: bytes in, whole requests out, one at a time.

On the hot path our own protocol on httptools replaced aiohttp's low-level server because it
costs half as much per call (docs/decisions/0005-hot-path.md).
"""

import asyncio
from typing import Protocol, cast

from moorage_gateway.errors import CapacityError, GatewayError
from moorage_gateway.refusals import body_of, head_of
from moorage_gateway.relaying.front_server import LAST_IDLE_SECONDS, FrontServer
from moorage_gateway.relaying.http_request import HttpRequest
from moorage_gateway.relaying.request_reader import RequestReader
from moorage_gateway.relaying.request_refusals import too_slow

SEGMENTS_SECONDS = 0.25
"""A request may come in several segments; only what takes longer counts as half-sent."""
NEVER = float("inf")
PIPELINED_REQUESTS = 16
"""Requests that may wait behind a running one before the client is not read any further."""
LINGER_SECONDS = 1.0
"""How long what a client still sends is read away after its last answer."""
STALL_BYTES = 16 * 1024
"""A client that takes less than this in ``write_stall_seconds`` does not read."""
PROBE_SECONDS = 0.02
"""A reset comes back within a round trip; later probes follow at growing intervals."""
LAST_PROBE_SECONDS = 15.0
MAPPED = "::ffff:"
"""Before the address of an IPv4 client on a socket of both families (RFC 4291 §2.5.5.2)."""
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Feeder(Protocol):
    """Who writes to a client and must stop while the client does not read."""

    @property
    def written(self) -> bool: ...
    def probe(self) -> bool:
        """The client has closed its sending side: does its answer go on?

        If so, what has no meaning is written where the answer allows it: it shows who is gone.
        A stream that its client can resume ends at once, else it would stand in the way then.
        """
        ...

    def client_paused(self) -> None: ...
    def client_resumed(self) -> None: ...


class ClientConnection(asyncio.Protocol):
    """One client connection. ``deadline`` is when the server's sweep ends its present state."""

    __slots__ = (
        "_closing",
        "_eof",
        "_half_sent",
        "_has_half_close",
        "_held_bytes",
        "_loop",
        "_reader",
        "_reading_paused",
        "_server",
        "_speaks_http11",
        "_task",
        "_unread_bytes",
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
        self._reader = RequestReader(server.limits, loop.time, self._take)
        self._half_sent = False
        self._held_bytes = 0
        self._waiting: list[HttpRequest] = []  # short, and most never hold any
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self._eof = False
        self._has_half_close = True
        self._reading_paused = False
        self._speaks_http11 = False
        self._unread_bytes = 0
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
        self._has_half_close = self.transport.can_write_eof()
        # TLS transports pause at the limit, not above it: at 0 they would pause when all is sent.
        self.transport.set_write_buffer_limits(0 if self._has_half_close else 1, 0)
        peer = self.transport.get_extra_info("peername")
        self.address = peer[0].removeprefix(MAPPED) if isinstance(peer, tuple) else "unix"
        self._set_deadline()
        try:
            self._server.joined(self)
        except CapacityError as error:
            self.refuse(error)

    def data_received(self, data: bytes) -> None:
        reader = self._reader
        if self._closing or reader.is_deaf or reader.refusal is not None:
            return
        reader.feed(data)
        if reader.refusal is not None:
            if not self._is_answering:
                self.refuse(reader.refusal)
            return
        if reader.begun_at:
            self._await_rest()
        elif self._half_sent or self._held_bytes:
            self._whole_or_over()
        if self._waiting:
            self._pause_full_reading()

    def eof_received(self) -> bool:
        """A client that has only closed its sending side still gets its answers.

        One that is gone looks the same until something is written: an interim answer (RFC 9110
        §15.2) or a comment shows. The first draws a reset, which no loop reports once reading
        has ended; the next one fails of it, and that ends the call.
        """
        self._eof = True
        # Neither loop can go on writing where TLS was closed by the other side.
        return self._has_half_close and self._probe(PROBE_SECONDS)

    def _probe(self, again_seconds: float) -> bool:
        """False when nothing is owed to a client that sends no more."""
        if not self._is_answering or self.transport is None:
            return False
        if self.feeder is not None and self.feeder.written:
            if not self.feeder.probe():
                return False
        elif self._speaks_http11:
            self.transport.write(CONTINUE)
        again = min(2 * again_seconds, LAST_PROBE_SECONDS)
        self._loop.call_later(again_seconds, self._probe_on, again)
        return True

    def _probe_on(self, again_seconds: float) -> None:
        if not self._probe(again_seconds) and self._is_answering:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._reader.close()
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
        self._await_reader()
        if self.feeder is not None:
            self.feeder.client_paused()

    def resume_writing(self) -> None:
        """The client reads again."""
        self.writing_paused = False
        self._set_deadline()
        if self.feeder is not None:
            self.feeder.client_resumed()

    # requests run one after the other

    @property
    def _is_answering(self) -> bool:
        return self._task is not None or bool(self._waiting)

    @property
    def busy(self) -> bool:
        """True while a request runs or is half there."""
        return self._is_answering or self._reader.begun_at > 0

    def _take(self, request: HttpRequest) -> None:
        if self._is_answering:
            self._waiting.append(request)
        else:
            self._begin(request)

    def _begin(self, request: HttpRequest) -> None:
        self._speaks_http11 = request.http11
        if not self.writing_paused:
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
            self._close_in_stages()
        elif self._waiting:
            self._loop.call_soon(self._begin_next)
        elif self._reader.refusal is not None:
            self.refuse(self._reader.refusal)
        elif self._eof:
            self.close()
        else:
            self._read_on()

    def _begin_next(self) -> None:
        if self._waiting and self._task is None and self.transport is not None:
            self._begin(self._waiting.pop(0))
            if self._reading_paused and not self._is_full:
                self._reading_paused = False
                self.transport.resume_reading()

    def _pause_full_reading(self) -> None:
        if self.transport is not None and not self._reading_paused and self._is_full:
            self._reading_paused = True
            self.transport.pause_reading()

    @property
    def _is_full(self) -> bool:
        waiting_bytes = sum(len(request.body) for request in self._waiting)
        limit_bytes = self._server.limits.request_body_bytes
        return len(self._waiting) > PIPELINED_REQUESTS or waiting_bytes > limit_bytes

    def _read_on(self) -> None:
        """Nothing runs: now the clock of a half-sent request begins, or that of idleness."""
        if self._reader.begun_at:
            self._reader.begun_at = self._loop.time()
            self._await_rest()
        else:
            self._set_deadline()

    # a request is only half there

    def _await_rest(self) -> None:
        more_bytes = self._reader.held_bytes - self._held_bytes
        self._held_bytes += more_bytes
        try:
            self._server.half_sent.hold(more_bytes)
        except CapacityError as error:
            # What runs is answered first: a refusal in its midst would be read as its end.
            self._reader.refusal = error
            if not self._is_answering:
                self.refuse(error)
            return
        if self._reader.wants_continue and not self._is_answering and self.transport is not None:
            self._reader.wants_continue = False
            self.transport.write(CONTINUE)
        self._set_deadline()

    def _count_half_sent(self) -> None:
        """It has been half there for long enough not to be a request in two segments."""
        try:
            self._server.half_sent.enter(self.address)
        except CapacityError as error:
            self.refuse(error)
        else:
            self._half_sent = True
            self._set_deadline()

    def _whole_or_over(self) -> None:
        if self._held_bytes:
            self._server.half_sent.hold(-self._held_bytes)
            self._held_bytes = 0
        if self._half_sent:
            self._half_sent = False
            self._server.half_sent.leave(self.address)

    # how long a state may last

    def _set_deadline(self) -> None:
        if self.writing_paused or self._closing:
            return
        now, limits, begun_at = self._loop.time(), self._server.limits, self._reader.begun_at
        if self._is_answering:
            self.deadline = NEVER
        elif not begun_at:
            self.deadline = now + self._server.keepalive_seconds
        elif not self._half_sent:
            self.deadline = begun_at + SEGMENTS_SECONDS
        elif self._reader.in_head:
            self.deadline = begun_at + limits.head_seconds
        else:
            self.deadline = min(now + limits.body_idle_seconds, begun_at + limits.body_seconds)

    def _await_reader(self) -> None:
        assert self.transport is not None
        self._unread_bytes = self.transport.get_write_buffer_size()
        stall_seconds = self._server.limits.write_stall_seconds
        self.deadline = self._loop.time() + stall_seconds if self._unread_bytes else NEVER

    def deadline_passed(self) -> None:
        """The present state has lasted too long: idle, half-sent, or a reader that stalls."""
        if self.writing_paused or self._closing:
            self._look_at_reader()
        elif self._reader.begun_at and not self._half_sent:
            self._count_half_sent()
        elif self._reader.begun_at:
            self.refuse(too_slow(in_head=self._reader.in_head))
        elif self._task is None:
            self.close()

    def _look_at_reader(self) -> None:
        if self.transport is None:
            return
        if self._unread_bytes - self.transport.get_write_buffer_size() >= STALL_BYTES:
            self._await_reader()
            return
        self._server.refused.refused("SlowReader")
        self.transport.abort()

    # how it ends

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
        self._close_in_stages()

    def _close_in_stages(self) -> None:
        """What a client still sends is read away: a reset could take our answer from it.

        RFC 9112 §9.6.
        """
        self._closing = True
        if self._eof or self.transport is None or not self._has_half_close:
            self.close()  # TLS: the transport itself reads on until the client has closed too
            return
        self._await_reader()
        self.transport.write_eof()
        self._loop.call_later(LINGER_SECONDS, self.close)

    def close(self) -> None:
        """Close once everything written is sent, as long as the client takes it."""
        self._closing = True
        if self.transport is not None:
            self._await_reader()
            self.transport.close()

    @property
    def ends_soon(self) -> bool:
        """True while the process stops: an answer that begins now is its connection's last."""
        return self._server.closing

    def close_if_idle(self) -> None:
        """Close a connection that carries no request, but for a last moment."""
        if self.busy or self.writing_paused or self._closing:
            return
        self.deadline -= self._server.limits.keepalive_seconds - LAST_IDLE_SECONDS
        if self.deadline <= self._loop.time():
            self.close()

    def abort(self) -> None:
        """End the connection now, and the request it carries."""
        if self.transport is not None:
            self.transport.abort()

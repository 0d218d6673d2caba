"""A client connection until its TLS handshake is over: counted, and given only so long."""

import asyncio
import ssl
from collections.abc import Callable
from typing import cast

from moorage_gateway.errors import CapacityError
from moorage_gateway.relaying.client_connection import NEVER, ClientConnection
from moorage_gateway.relaying.front_server import FrontServer

STOPPING_SECONDS = 1.0
"""What a handshake still gets after the listener has closed."""
HANDSHAKE_FAILED = "TlsHandshakeFailed"


class HandshakeGate(asyncio.Protocol):
    """Hands the connection over to a ClientConnection once it is private.

    The loop's own TLS listener would show a connection only then: whoever opens thousands and says
    nothing would be counted nowhere.
    """

    def __init__(
        self,
        server: FrontServer,
        loop: asyncio.AbstractEventLoop,
        context: Callable[[], ssl.SSLContext],
    ) -> None:
        self._server = server
        self._loop = loop
        self._context = context
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._early: list[bytes] = []
        self._gone = False
        self.deadline = NEVER  # the loop ends a handshake that lasts too long

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        # Below TLS as above it: whoever feeds a full socket is paused at once.
        self._transport.set_write_buffer_limits(0)
        self._transport.pause_reading()
        try:
            self._server.joined(self)
        except CapacityError as error:
            # There is no way yet to tell the client in words.
            self._server.refused.refused(error.reason)
            self._transport.abort()
            return
        self._task = self._loop.create_task(self._shake_hands())

    def data_received(self, data: bytes) -> None:
        """What comes in one segment with the end of the handshake."""
        self._early.append(data)

    def eof_received(self) -> None:
        """The transport closes itself after this."""

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone = True
        if self._task is None:
            self._server.left(self)

    async def _shake_hands(self) -> None:
        assert self._transport is not None
        limits = self._server.limits
        try:
            secured = await self._loop.start_tls(
                self._transport,
                self,
                self._context(),
                server_side=True,
                ssl_handshake_timeout=limits.tls_handshake_seconds,
                ssl_shutdown_timeout=limits.write_stall_seconds,
            )
        except (OSError, TimeoutError):
            self._server.refused.refused(HANDSHAKE_FAILED)
            self._transport.abort()
            return
        finally:
            self._server.left(self)
        if secured is not None and not self._gone and not secured.is_closing():
            self._hand_over(secured)

    def _hand_over(self, secured: asyncio.Transport) -> None:
        connection = ClientConnection(self._server, self._loop)
        secured.set_protocol(connection)
        connection.connection_made(secured)
        for data in self._early:
            connection.data_received(data)

    # what the server's sweep and its end ask of a connection

    def deadline_passed(self) -> None:
        """Never: ``deadline`` is none."""

    def close_if_idle(self) -> None:
        """The process stops: a handshake that is nearly over may still bring its request."""
        self._loop.call_later(STOPPING_SECONDS, self.abort)

    def abort(self) -> None:
        """End the handshake now; once it is over this means nothing."""
        if self._task is not None and not self._task.done() and self._transport is not None:
            self._transport.abort()

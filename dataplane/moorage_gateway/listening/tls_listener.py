"""Accepts client connections and gives them to ClientConnections once they are private.

The loop's own TLS listener shows a connection only after its handshake: whoever opens thousands and
says nothing would be counted nowhere. Here a handshake counts as a connection from the first.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable

from moorage_gateway.errors import CapacityError
from moorage_gateway.relaying.client_connection import NEVER, ClientConnection
from moorage_gateway.relaying.front_server import FrontServer

ACCEPT_AT_ONCE = 64
"""Per turn of the loop: those who are connected already want their turn too."""
SHORTAGE_SECONDS = 0.2
"""How long none is accepted where no file descriptor is left."""
STOPPING_SECONDS = 1.0
"""What a handshake still gets after the listener has closed."""
_log = logging.getLogger(__name__)


class TlsListener:
    """One listening socket; ``context`` is asked for each connection."""

    def __init__(
        self, listening: socket.socket, server: FrontServer, context: Callable[[], ssl.SSLContext]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._listening = listening
        self._server = server
        self._context = context
        self._closed = False
        self._loop.add_reader(listening, self._accept)

    def close(self) -> None:
        """Accept no more."""
        if not self._closed:
            self._closed = True
            self._loop.remove_reader(self._listening)
            self._listening.close()

    def _accept(self) -> None:
        for _ in range(ACCEPT_AT_ONCE):
            try:
                accepted, _address = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._rest(error)
                return
            accepted.setblocking(False)
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            Handshake(accepted, self._server, self._loop).begin(self._context())

    def _rest(self, error: OSError) -> None:
        _log.warning("no connection can be accepted", extra={"facts": {"why": error.strerror}})
        self._loop.remove_reader(self._listening)
        self._loop.call_later(SHORTAGE_SECONDS, self._go_on)

    def _go_on(self) -> None:
        if not self._closed:
            self._loop.add_reader(self._listening, self._accept)


class Handshake:
    """A connection of the front server until it is private. The loop bounds how long."""

    deadline = NEVER

    def __init__(
        self, accepted: socket.socket, server: FrontServer, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._socket = accepted
        self._server = server
        self._loop = loop
        self._task: asyncio.Task[None] | None = None

    def begin(self, context: ssl.SSLContext) -> None:
        """Take a place among the connections, if there is one."""
        try:
            self._server.joined(self)
        except CapacityError as error:
            # There is no way yet to tell the client in words.
            self._server.refused.refused(error.reason)
            self.over()
            self._socket.close()
            return
        self._task = self._loop.create_task(self._shake_hands(context))

    async def _shake_hands(self, context: ssl.SSLContext) -> None:
        limits = self._server.limits
        try:
            await self._loop.connect_accepted_socket(
                lambda: SecuredConnection(self._server, self._loop, self),
                self._socket,
                ssl=context,
                ssl_handshake_timeout=limits.tls_handshake_seconds,
                ssl_shutdown_timeout=limits.write_stall_seconds,
            )
        except (OSError, TimeoutError):
            self._server.refused.refused("TlsHandshakeFailed")
        finally:
            self.over()

    def over(self) -> None:
        """Its place is free, or another's."""
        self._server.left(self)

    # what the server's sweep and its end ask of a connection

    def deadline_passed(self) -> None:
        """Never: ``deadline`` is none."""

    def close_if_idle(self) -> None:
        """The process stops: a handshake that is nearly over may still bring its request."""
        self._loop.call_later(STOPPING_SECONDS, self.abort)

    def abort(self) -> None:
        """End the handshake now; once it is over this means nothing."""
        if self._task is not None:
            self._task.cancel()


class SecuredConnection(ClientConnection):
    """Takes the place of its handshake when that is over."""

    __slots__ = ("_handshake",)

    def __init__(
        self, server: FrontServer, loop: asyncio.AbstractEventLoop, handshake: Handshake
    ) -> None:
        super().__init__(server, loop)
        self._handshake = handshake

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._handshake.over()
        super().connection_made(transport)

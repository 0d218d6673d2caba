"""Who comes to a port of the operator: few at a time until they have shown who they are.

A TLS connection takes 280 kB from its first byte on, so that whoever only connects could take all
memory. aiohttp has no bound and waits for a request's head for ever.
"""

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from aiohttp.web_protocol import RequestHandler

BACKLOG = 128
NO_FILE_SECONDS = 1.0
LOG_SECONDS = 10.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DoorBounds:
    """How many may be at the door, and for how long."""

    strangers: int = 128
    """Past it the one that is here for longest makes room."""
    per_address: int = 16
    """Past it a new one is closed before anything is spent on it."""
    seconds: float = 5.0
    """From the connection's begin, TLS handshake included, until it is let in."""


@dataclass(eq=False)
class _Stranger:
    address: str
    protocol: RequestHandler
    greeting: asyncio.Task[None] | None = None
    deadline: asyncio.TimerHandle | None = None

    @property
    def is_here(self) -> bool:
        """Whether it is in its handshake or connected."""
        if self.greeting is None or not self.greeting.done():
            return True
        transport = self.protocol.transport
        return transport is not None and not transport.is_closing()


class Doorway:
    """Listens for ``protocol``s; each is a stranger until ``let_in`` or its end."""

    def __init__(
        self,
        protocol: Callable[[], RequestHandler],
        bounds: DoorBounds,
        ssl_context: ssl.SSLContext | None = None,
        on_turned_away: Callable[[], None] = lambda: None,
    ) -> None:
        self._protocol = protocol
        self._bounds = bounds
        self._ssl_context = ssl_context
        self._on_turned_away = on_turned_away
        self._socket: socket.socket | None = None
        self._strangers: dict[_Stranger, None] = {}
        """Oldest first."""
        self._unlogged = 0
        self._logged_at = float("-inf")
        self.port = 0
        """Of the listener, once it is open."""

    def open(self, host: str, port: int) -> None:
        """Listen, on all addresses if no host is given; raises OSError."""
        self._loop = asyncio.get_running_loop()
        self._socket = _listening(host, port)
        self._socket.setblocking(False)
        self.port = int(self._socket.getsockname()[1])
        self._loop.add_reader(self._socket.fileno(), self._accept)

    def close(self) -> None:
        """Listen no more, and leave the strangers; those that were let in stay."""
        if self._socket is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None
        for stranger in tuple(self._strangers):
            self._leave(stranger)

    def let_in(self, protocol: RequestHandler | None) -> None:
        """It is no stranger any more."""
        for stranger in tuple(self._strangers):
            if stranger.protocol is protocol:
                self._forget(stranger)

    def _accept(self) -> None:
        assert self._socket is not None
        try:
            connection, address = self._socket.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            _log.warning("no connection can be accepted for a moment: %s", error)
            self._loop.remove_reader(self._socket.fileno())
            self._loop.call_later(NO_FILE_SECONDS, self._accept_again)
            return
        connection.setblocking(False)
        self._admit(connection, str(address[0]))

    def _accept_again(self) -> None:
        if self._socket is not None:
            self._loop.add_reader(self._socket.fileno(), self._accept)

    def _admit(self, connection: socket.socket, address: str) -> None:
        for gone in [one for one in self._strangers if not one.is_here]:
            self._forget(gone)
        same = sum(one.address == address for one in self._strangers)
        if same >= self._bounds.per_address:
            connection.close()
            self._tell_turned_away(address)
            return
        if len(self._strangers) >= self._bounds.strangers:
            self._turn_away(next(iter(self._strangers)))
        stranger = _Stranger(address, self._protocol())
        self._strangers[stranger] = None
        stranger.greeting = self._loop.create_task(self._greet(stranger, connection))
        stranger.deadline = self._loop.call_later(self._bounds.seconds, self._turn_away, stranger)

    async def _greet(self, stranger: _Stranger, connection: socket.socket) -> None:
        with suppress(OSError):
            await self._loop.connect_accepted_socket(
                lambda: stranger.protocol,
                connection,
                ssl=self._ssl_context,
                ssl_handshake_timeout=self._bounds.seconds if self._ssl_context else None,
            )

    def _turn_away(self, stranger: _Stranger) -> None:
        was_here = stranger.is_here
        self._leave(stranger)
        if was_here:
            self._tell_turned_away(stranger.address)

    def _leave(self, stranger: _Stranger) -> None:
        self._forget(stranger)
        if stranger.greeting is not None:
            stranger.greeting.cancel()
        if stranger.protocol.transport is not None:
            # One that does not read would keep its place until an orderly end.
            stranger.protocol.transport.abort()

    def _forget(self, stranger: _Stranger) -> None:
        self._strangers.pop(stranger, None)
        if stranger.deadline is not None:
            stranger.deadline.cancel()

    def _tell_turned_away(self, address: str) -> None:
        self._on_turned_away()
        self._unlogged += 1
        now = self._loop.time()
        if now - self._logged_at < LOG_SECONDS:
            return
        _log.warning(
            "%d connections to port %d were closed before they showed who they are, the last one "
            "from %s: at most %d at a time, %d of one address, %.0f s each",
            self._unlogged,
            self.port,
            address,
            self._bounds.strangers,
            self._bounds.per_address,
            self._bounds.seconds,
        )
        self._unlogged, self._logged_at = 0, now


def _listening(host: str, port: int) -> socket.socket:
    if host:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    try:
        return socket.create_server(
            ("", port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True
        )
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise
        return socket.create_server(("", port), backlog=BACKLOG)  # a node without IPv6

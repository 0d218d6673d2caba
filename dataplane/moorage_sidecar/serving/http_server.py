"""aiohttp's low-level server with what a bridge adds: a connection cap, a deadline for the first
head, word of a lost connection, and a log that never prints a rejected head."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web
from aiohttp.http import HttpProcessingError

from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.refusals import TooMany

RETRY_SECONDS = 1
KEEPALIVE_SECONDS = 620
"""Longer than proxies keep an idle connection, so that they close it and not we."""

LINGERING_SECONDS = 1.0
"""How long the rest of a refused body is read and dropped, so that the refusal is seen."""

_logger = logging.getLogger("moorage_sidecar.http")


class ClientConnection(web.RequestHandler):
    """One client connection."""

    __slots__ = ("_first_head", "_lost_callbacks", "_server")

    def __init__(self, server: "BridgeServer", loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            server,
            loop=loop,
            keepalive_timeout=KEEPALIVE_SECONDS,
            access_log=None,  # type: ignore[arg-type]
            logger=_logger,
            auto_decompress=False,
            lingering_time=LINGERING_SECONDS,
        )
        self._server = server
        self._first_head: asyncio.TimerHandle | None = None
        self._lost_callbacks: set[Callable[[], None]] = set()

    @property
    def is_lost(self) -> bool:
        return self.transport is None

    @contextmanager
    def when_lost(self, callback: Callable[[], None]) -> Iterator[None]:
        """Call back when the client goes away while the block runs."""
        self._lost_callbacks.add(callback)
        if self.is_lost:
            callback()
        try:
            yield
        finally:
            self._lost_callbacks.discard(callback)

    def head_is_complete(self) -> None:
        """The client has shown that it can send a request."""
        if self._first_head is not None:
            self._first_head.cancel()
            self._first_head = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._server.is_full:
            _refuse_connection(transport, self._server.limits.max_connections)
            return
        super().connection_made(transport)
        self._first_head = self._loop.call_later(self._server.limits.head_seconds, self.force_close)

    def connection_lost(self, exc: BaseException | None) -> None:
        self.head_is_complete()
        super().connection_lost(exc)
        for callback in list(self._lost_callbacks):
            callback()

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Heads that cannot be parsed come here with their raw values, which are not logged."""
        error = kw.get("exc_info")
        if isinstance(error, HttpProcessingError):
            self.logger.info("request head refused: %s", type(error).__name__)
        else:
            self.logger.error("request failed", exc_info=error)


class BridgeServer(web.Server):
    """Makes a ``ClientConnection`` of every connection, up to a limit."""

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        limits: BridgeLimits,
    ) -> None:
        super().__init__(handler)
        self.limits = limits

    @property
    def is_full(self) -> bool:
        return len(self._connections) >= self.limits.max_connections

    def __call__(self) -> web.RequestHandler:
        return ClientConnection(self, self._loop)


def connection_of(request: web.BaseRequest) -> ClientConnection:
    """The connection that a request came on."""
    connection = request.protocol
    if not isinstance(connection, ClientConnection):
        raise AssertionError("the bridge serves only its own connections")
    return connection


def _refuse_connection(transport: asyncio.BaseTransport, limit: int) -> None:
    assert isinstance(transport, asyncio.Transport)
    body = TooMany("connections", limit, RETRY_SECONDS).answer(None)
    transport.write(
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
        b"Retry-After: %d\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
        % (RETRY_SECONDS, len(body))
        + body
    )
    transport.close()

"""The connections to one endpoint: newest idle one first, bounded, never older than its server."""

import asyncio
import ssl
from collections import deque
from urllib.parse import urlsplit

from moorage_contract.header_names import GROUP_KEY
from moorage_contract.route_table import Endpoint, UpstreamTls
from moorage_gateway.connecting.dead_peers import notice_dead_peer
from moorage_gateway.connecting.dialing import OWN_SHORTAGES, Peer, dial
from moorage_gateway.connecting.endpoint_certificates import certificate_refused, trusting
from moorage_gateway.connecting.upstream_connection import UpstreamConnection
from moorage_gateway.errors import CapacityError, EndpointUnreachable
from moorage_gateway.settings import Limits


class UpstreamPool:
    """Opens, lends and keeps the connections of one endpoint."""

    def __init__(self, endpoint: Endpoint, limits: Limits, tls: UpstreamTls | None = None) -> None:
        """``tls`` says how the endpoint proves itself where its URL does not (an address)."""
        url = urlsplit(endpoint.url)
        self._host = url.hostname or ""
        self._tls = url.scheme == "https"
        self._proof = tls or UpstreamTls(server_name=self._host)
        self._port = url.port or (443 if self._tls else 80)
        self._unix_socket = endpoint.unix_socket
        self._limits = limits
        self._idle: deque[UpstreamConnection] = deque()
        self._open: set[UpstreamConnection] = set()
        self._opening = 0
        self._retired = False
        self._closed = False
        self.url = endpoint.url
        self._authority = url.netloc
        self.target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        self.show(None)

    def show(self, key: str | None, passage: bytes = b"") -> None:
        """What every request from now on shows to the endpoint; in ready bytes, as all that is
        the same in each. ``passage`` is the line by which this gateway knows its own requests."""
        lines = f" HTTP/1.1\r\nhost: {self._authority}\r\n".encode("latin-1") + passage
        if key is not None:
            lines += b"%b: %b\r\n" % (GROUP_KEY, key.encode("ascii"))
        self._head_start = lines
        self._head_start_at_target = f" {self.target}".encode("latin-1") + lines
        self._post_line = b"POST" + self._head_start_at_target

    def post(self, forward: bytes, session_line: bytes, body: bytes) -> bytes:
        """A whole POST to this endpoint, rebuilt from checked parts."""
        return b"%b%b%bcontent-length: %d\r\n\r\n%b" % (
            self._post_line,
            forward,
            session_line,
            len(body),
            body,
        )

    def post_at(self, target: str, forward: bytes, body: bytes) -> bytes:
        """A whole POST to another path and query of this endpoint (HTTP+SSE)."""
        return b"POST %b%b%bcontent-length: %d\r\n\r\n%b" % (
            target.encode("ascii"),
            self._head_start,
            forward,
            len(body),
            body,
        )

    def bodiless(self, method: bytes, forward: bytes, session_line: bytes) -> bytes:
        """A whole request without a body (GET, DELETE, OPTIONS)."""
        return b"%b%b%b%b\r\n" % (method, self._head_start_at_target, forward, session_line)

    @property
    def open_connections(self) -> int:
        return len(self._open) + self._opening

    def take_idle(self, now: float) -> UpstreamConnection | None:
        """The newest idle connection, or None; those idle for too long are closed."""
        idle = self._idle
        oldest = now - self._limits.idle_connection_seconds
        while idle:
            connection = idle.pop()
            if connection.idle_since < oldest:
                connection.abort()
            elif connection.transport is not None and not connection.transport.is_closing():
                return connection
        return None

    async def connect(self) -> UpstreamConnection:
        """A fresh connection; raises EndpointUnreachable (nothing was sent) or CapacityError."""
        if self.open_connections >= self._limits.connections_per_endpoint:
            raise CapacityError(
                f"this endpoint already has {self._limits.connections_per_endpoint} connections",
                reason="EndpointConnectionsExhausted",
                remedy="try again; add endpoints if it stays so",
                retry_after_seconds=1,
            )
        self._opening += 1
        try:
            return self._of_use(await self._connect())
        except TimeoutError as error:
            raise EndpointUnreachable(
                "the endpoint did not accept a connection in time",
                reason="ConnectTimeout",
                retry_after_seconds=1,
            ) from error
        except OSError as error:
            raise _not_connected(error) from error
        finally:
            self._opening -= 1

    def _of_use(self, connection: UpstreamConnection) -> UpstreamConnection:
        if self._closed:
            connection.abort()
            raise EndpointUnreachable("this endpoint may not be used any more")
        return connection

    async def _connect(self) -> UpstreamConnection:
        limits = self._limits
        async with asyncio.timeout(
            limits.tls_connect_seconds if self._tls else limits.connect_seconds
        ):
            connection = await self._dial()
        self._open.add(connection)
        if self._unix_socket is None and connection.transport is not None:
            notice_dead_peer(connection.transport.get_extra_info("socket"))
        return connection

    async def _dial(self) -> UpstreamConnection:
        if self._unix_socket is None:
            return await dial(self._peer(), self._new_connection)
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_unix_connection(self._new_connection, self._unix_socket)
        return connection

    def _new_connection(self) -> UpstreamConnection:
        return UpstreamConnection(self._limits.answer_head_bytes, self._reusable, self._lost)

    def _peer(self) -> Peer:
        if not self._tls:
            return Peer(self._host, self._port)
        return Peer(self._host, self._port, trusting(self._proof.ca_pem), self._proof.server_name)

    def close_idle(self, now: float) -> None:
        """Close what has been idle for longer than servers usually keep it."""
        oldest = now - self._limits.idle_connection_seconds
        while self._idle and self._idle[0].idle_since < oldest:
            self._idle.popleft().abort()

    def retire(self) -> None:
        """Take no further request: idle connections close now, running exchanges end first."""
        self._retired = True
        while self._idle:
            self._idle.pop().abort()

    def close(self) -> None:
        """Close every connection, also those that are being made; running exchanges end with
        their sinks told."""
        self._closed = True
        self.retire()
        for connection in tuple(self._open):
            if connection.transport is not None:
                connection.transport.abort()

    def _reusable(self, connection: UpstreamConnection) -> None:
        if self._retired or len(self._idle) >= self._limits.idle_connections_per_endpoint:
            connection.abort()
            return
        connection.idle_since = asyncio.get_running_loop().time()
        self._idle.append(connection)

    def _lost(self, connection: UpstreamConnection) -> None:
        self._open.discard(connection)
        if connection.idle_since and connection in self._idle:
            self._idle.remove(connection)


def _not_connected(error: OSError) -> CapacityError | EndpointUnreachable:
    if isinstance(error, ssl.SSLError):
        return certificate_refused(error)
    if error.errno in OWN_SHORTAGES:
        return _no_socket()
    if isinstance(error, ConnectionError | FileNotFoundError):
        message, reason = "the endpoint refused the connection", "ConnectRefused"
    else:
        why = error.strerror or type(error).__name__
        message = f"the endpoint cannot be reached ({why})"
        reason = "ConnectFailed"
    return EndpointUnreachable(message, reason=reason, retry_after_seconds=1)


def _no_socket() -> CapacityError:
    return CapacityError(
        "this gateway has no socket left for a connection to the endpoint",
        reason="GatewaySocketsExhausted",
        remedy="raise the gateway's limit of open files, or add gateway replicas",
        retry_after_seconds=1,
    )

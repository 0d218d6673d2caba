"""One gateway process, from its first socket to its last: start, apply tables, stop."""

import asyncio
import gc
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence

from moorage_contract.route_table import RouteTable
from moorage_gateway.connecting.dead_peers import notice_dead_peer
from moorage_gateway.gateway_status import GatewayStatus, gateway_status
from moorage_gateway.listening.certificate import ListenerCertificate
from moorage_gateway.listening.tls_listener import TlsListener
from moorage_gateway.listening_socket import listen, listening_socket
from moorage_gateway.parting import Parting
from moorage_gateway.parts import Parts
from moorage_gateway.relaying.client_connection import ClientConnection
from moorage_gateway.report_channel import ReportChannel, Reporter
from moorage_gateway.reporting.admin_pages import Readiness
from moorage_gateway.reporting.admin_site import AdminSite
from moorage_gateway.reporting.cluster_facts import ChannelFacts, ClusterFacts
from moorage_gateway.routing.endpoint_state import EndpointState
from moorage_gateway.settings import GatewaySettings, replica_address
from moorage_gateway.stopping import StopSequence
from moorage_wire.capsules import KeyRing

LEDGER_SWEEP_SECONDS = 5.0
_log = logging.getLogger(__name__)


class Gateway:
    """Serves one route table after the other until it is stopped."""

    def __init__(
        self,
        settings: GatewaySettings,
        ring: KeyRing,
        unix_seconds: Callable[[], float] = time.time,
        certificate: ListenerCertificate | None = None,
        cluster: Callable[[], ClusterFacts | None] = lambda: None,
        reporter: Reporter | None = None,
    ) -> None:
        """``unix_seconds`` is the clock by which capsules expire.

        With a ``certificate``, which must have been read, the MCP port speaks TLS only. ``cluster``
        says what the status page and the metrics tell of the ties to a cluster. ``reporter`` is who
        reports to the operator that a table names.
        """
        self._settings = settings
        self._ring = ring
        self._unix_seconds = unix_seconds
        self._certificate = certificate
        self._cluster = cluster
        self._reporter = reporter
        self._channel: ReportChannel | None = None
        self._table = RouteTable(gateway="")
        self._begin_until = float("inf")
        self._has_begun = False
        """True from the first moment of readiness on: later groups cannot take it back."""
        self._tasks: list[asyncio.Task[None]] = []
        self._listener: asyncio.Server | TlsListener | None = None
        self._stop: asyncio.Task[None] | None = None

    async def start(self, table: RouteTable) -> None:
        """Bind and serve ``table``.

        Raises OSError when an address cannot be had; nothing is left running then.
        """
        settings = self._settings
        self._parts = parts = Parts(
            settings, self._ring, table.gateway, random.random, self._unix_seconds
        )
        self._admin = AdminSite(
            parts.metrics.render,
            self._readiness,
            self.status,
            parts.cells.refused,
            parts.front.http_sse.replica_routes(),
        )
        parts.cells.cluster = self._cluster
        if self._reporter is not None:
            self._channel = ReportChannel(parts, self._reporter, random.random)
        parts.start()
        try:
            self.apply(table)
            await self._admin.start(settings.admin_host, settings.admin_port)
            await self._listen()
        except BaseException:
            await self._undo_start()
            raise
        loop_seconds = asyncio.get_running_loop().time()
        self._begin_until = loop_seconds + settings.limits.first_handshakes_seconds
        parts.front.http_sse.reachable_at(replica_address(settings, self._admin.port))
        self._run(
            parts.runtime.exchanges.sweep,
            parts.front_server.sweep,
            parts.verification.ping_rounds,
            parts.front.http_sse.sweep,
            self._forget_idle_sessions,
        )
        if self._channel is not None:
            self._run(self._channel.run, self._channel.tick)
        # What lives now lives as long as the process: no collection need look at it again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000)

    async def _listen(self) -> None:
        loop, settings, server = (
            asyncio.get_running_loop(),
            self._settings,
            self._parts.front_server,
        )
        if self._certificate is None:
            self._listener = await listen(
                lambda: ClientConnection(server, loop), settings.listen_host, settings.listen_port
            )
            listening = self._listener.sockets
        else:
            certificate = self._certificate
            listening = (listening_socket(settings.listen_host, settings.listen_port),)
            self._listener = TlsListener(listening[0], server, lambda: certificate.context)
        for each in listening:
            notice_dead_peer(each)
        self._port = int(listening[0].getsockname()[1])

    async def _undo_start(self) -> None:
        if self._listener is not None:
            self._listener.close()
        await self._admin.stop(0)
        await self._parts.stop()

    def _run(self, *rounds: Callable[[], Awaitable[None]]) -> None:
        for one in rounds:
            self._tasks.append(asyncio.ensure_future(_for_ever(one)))

    @property
    def port(self) -> int:
        """The port of the MCP listener (a free one was chosen when 0 was asked for)."""
        return self._port

    @property
    def admin_port(self) -> int:
        """The port of the admin pages."""
        return self._admin.port

    @property
    def open_connections(self) -> int:
        """Of clients, with those whose TLS handshake is still under way."""
        return self._parts.front_server.open_connections

    def apply(self, table: RouteTable) -> None:
        """Put ``table`` in force: what stays the same keeps its sessions and connections."""
        self._table = table
        parting = Parting(self._parts, table)
        if self._channel is not None:
            self._channel.expect(table)
        self._parts.runtime.book.apply(table.groups)
        self._parts.runtime.ledger.forget_departed()
        if self._channel is not None:
            self._channel.follow(table)
        self._parts.front.apply(table)
        parting.begin()

    def use_ring(self, ring: KeyRing) -> None:
        """Exchange the keys while it runs; what a key of the new ring sealed keeps opening."""
        if ring == self._ring:
            return
        left = {key.key_id for key in self._ring.keys} - {key.key_id for key in ring.keys}
        self._ring = ring
        self._parts.use_ring(ring)
        if left:
            self._parts.runtime.moorings.forget_opened()
        self.report_soon()

    def channel_facts(self) -> ChannelFacts | None:
        """How the report channel is; None where nobody is told."""
        return self._channel.facts() if self._channel is not None else None

    def report_soon(self) -> None:
        """What is in force here has changed: the operator should not wait for the next report."""
        if self._channel is not None:
            self._channel.client.hurry()

    def key_ids(self) -> frozenset[str]:
        """Hexadecimal ids of the keys in the ring: what is told of them."""
        return frozenset(key.key_id.hex() for key in self._ring.keys)

    def status(self) -> GatewayStatus:
        """A snapshot for people."""
        return gateway_status(self._table, self._parts)

    def _readiness(self) -> Readiness:
        if self._stop is not None:
            return Readiness(False, ("the gateway is stopping",))
        missing = () if self._has_begun else (*self._unverified(), *self._unshared())
        self._has_begun = not missing
        return Readiness(not missing, missing)

    def _unshared(self) -> Sequence[str]:
        """What an ``initialize`` would be refused for now and not in a moment; bounded there."""
        return self._channel.hindrances() if self._channel is not None else ()

    def _unverified(self) -> Sequence[str]:
        """Asked at the start only, and not for long: one group's fault is no other's."""
        if asyncio.get_running_loop().time() > self._begin_until:
            return ()
        return [
            f'no endpoint of group "{group.name}" has been verified yet'
            for group in self._parts.runtime.book.groups.values()
            if group.endpoints
            and all(b.health.state is EndpointState.VERIFYING for b in group.endpoints.values())
        ]

    async def _forget_idle_sessions(self) -> None:
        while True:
            await asyncio.sleep(LEDGER_SWEEP_SECONDS)
            self._parts.runtime.ledger.forget_idle(self._parts.runtime.loop_seconds())

    async def stop(self) -> None:
        """The stop sequence of ``stopping.py``, once; afterwards nothing of the gateway is left."""
        if self._stop is None:
            self._stop = asyncio.get_running_loop().create_task(self._end())
            if self._channel is not None:
                self._channel.say_farewell()
        await asyncio.shield(self._stop)  # it goes on, though who waits for it be cancelled

    async def _end(self) -> None:
        assert self._listener is not None
        say_closed = self._channel.say_closed if self._channel is not None else lambda: None
        try:
            await StopSequence(self._parts, self._settings.limits, say_closed).run(self._listener)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._admin.stop(1.0)
            await self._parts.stop()


async def _for_ever(one: Callable[[], Awaitable[None]]) -> None:
    """A round that fails is told and begun again: without it bounds would silently end."""
    while True:
        try:
            await one()
        except Exception:
            _log.exception("a round of the gateway failed; it begins again")
        await asyncio.sleep(1.0)

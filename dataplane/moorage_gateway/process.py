"""One gateway process, from its first socket to its last: build, start, apply tables, stop."""

import asyncio
import gc
import os
import random
import time

from moorage_contract.route_table import RouteTable
from moorage_gateway.gateway_status import EndpointStatus, GatewayStatus, GroupStatus
from moorage_gateway.limiting.half_sent import HalfSent
from moorage_gateway.relaying.call_end import CallEnds
from moorage_gateway.relaying.client_connection import ClientConnection
from moorage_gateway.relaying.exchange import Exchanges
from moorage_gateway.relaying.front import Front
from moorage_gateway.relaying.front_server import FrontServer
from moorage_gateway.relaying.runtime import Runtime
from moorage_gateway.reporting.cells import Cells
from moorage_gateway.routing.endpoint_book import BookedGroup, EndpointBook
from moorage_gateway.routing.moorings import Moorings
from moorage_gateway.routing.session_ledger import SessionLedger
from moorage_gateway.routing.verification import Verification
from moorage_gateway.settings import GatewaySettings
from moorage_wire.capsules import CapsuleSealer, KeyRing

LEDGER_SWEEP_SECONDS = 5.0


class Gateway:
    """Serves one route table after the other until it is stopped."""

    def __init__(self, settings: GatewaySettings, ring: KeyRing) -> None:
        self._settings = settings
        self._ring = ring
        self._cells = Cells()
        self._table: RouteTable | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def port(self) -> int:
        """The port of the MCP listener (a free one was chosen when 0 was asked for)."""
        return self._port

    async def start(self, table: RouteTable) -> None:
        """Bind and serve ``table``; raises OSError when an address cannot be had."""
        self._build(table.gateway)
        self.apply(table)
        limits = self._settings.limits
        loop = asyncio.get_running_loop()
        self._front_server = FrontServer(
            self._front.handle, limits, self._runtime.half_sent, self._cells
        )
        self._listener = await loop.create_server(
            lambda: ClientConnection(self._front_server, loop),
            self._settings.listen_host,
            self._settings.listen_port,
            backlog=1024,
        )
        self._port: int = self._listener.sockets[0].getsockname()[1]
        self._tasks = [
            loop.create_task(self._runtime.exchanges.sweep()),
            loop.create_task(self._front_server.sweep()),
            loop.create_task(self._verification.ping_rounds()),
            loop.create_task(self._forget_idle_sessions()),
        ]
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000)

    def _build(self, gateway: str) -> None:
        limits = self._settings.limits
        sealer = CapsuleSealer(self._ring, gateway, os.urandom(8))
        self._verification = Verification(jitter=random.random)
        book = EndpointBook(limits, self._verification.begin)
        self._verification.book = book
        self._runtime = Runtime(
            limits=limits,
            book=book,
            exchanges=Exchanges(book, self._verification.begin),
            moorings=Moorings(sealer, limits.opened_capsules),
            ledger=SessionLedger(limits.sessions),
            sealer=sealer,
            half_sent=HalfSent(limits.half_sent_per_address),
            cells=self._cells,
            loop_seconds=asyncio.get_running_loop().time,
            unix_seconds=time.time,
        )
        self._front = Front(self._runtime, CallEnds(self._cells, self._runtime.loop_seconds))

    def apply(self, table: RouteTable) -> None:
        """Put ``table`` in force: what stays the same keeps its sessions and connections."""
        self._table = table
        self._runtime.book.apply(table.groups)
        self._front.apply(table)

    async def _forget_idle_sessions(self) -> None:
        while True:
            await asyncio.sleep(LEDGER_SWEEP_SECONDS)
            self._runtime.ledger.forget_idle(self._runtime.loop_seconds())

    def status(self) -> GatewayStatus:
        """A snapshot for people."""
        assert self._table is not None
        return GatewayStatus(
            table=self._table.digest(),
            sessions=len(self._runtime.ledger),
            streams=self._front.streams.open_streams,
            requests=0,
            refused=0,
            groups=tuple(_group_status(group) for group in self._runtime.book.groups.values()),
        )

    async def stop(self) -> None:
        """The stop sequence: fail readiness, go on accepting, end streams, drain, close."""
        limits = self._settings.limits
        self._front.closing = True
        await self._drain(limits.drain_seconds)
        self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._verification.stop()
        self._front_server.close_idle()
        self._runtime.book.close()

    async def _drain(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while self._runtime.exchanges.running and loop.time() < deadline:
            for relay in tuple(self._runtime.exchanges.running):
                if not relay.silence_seconds:
                    relay.close_stream(b"retry: 1000\n\n")
            await asyncio.sleep(0.05)


def _group_status(group: BookedGroup) -> GroupStatus:
    return GroupStatus(
        name=group.name,
        endpoints=tuple(
            EndpointStatus(
                uid=uid,
                url=booked.endpoint.url,
                state=booked.health.state.value,
                why=booked.health.why,
                versions=booked.health.versions,
                sessions=group.live_sessions.get(uid, 0),
                in_flight=group.in_flight.get(uid, 0),
            )
            for uid, booked in group.endpoints.items()
        ),
    )

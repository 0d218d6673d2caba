"""The parts of one gateway process, built and wired in one place."""

import asyncio
import os
from collections.abc import Callable, Iterator

from moorage_contract.version import VERSION
from moorage_gateway.access.loop_guard import LoopGuard
from moorage_gateway.limiting.half_sent import HalfSent
from moorage_gateway.relaying.call_end import CallEnds
from moorage_gateway.relaying.exchange import Exchanges
from moorage_gateway.relaying.front import Front
from moorage_gateway.relaying.front_server import FrontServer
from moorage_gateway.relaying.runtime import Runtime
from moorage_gateway.reporting.access_log import AccessLog
from moorage_gateway.reporting.cells import Cells, EndpointSample
from moorage_gateway.reporting.gateway_metrics import GatewayMetrics, ProcessFacts
from moorage_gateway.reporting.loop_lag import LoopLag
from moorage_gateway.reporting.session_keys import SessionKeys
from moorage_gateway.routing.endpoint_book import EndpointBook
from moorage_gateway.routing.moorings import Moorings
from moorage_gateway.routing.new_endpoints import NewEndpoints
from moorage_gateway.routing.session_ledger import SessionLedger
from moorage_gateway.routing.verification import Verification
from moorage_gateway.settings import GatewaySettings
from moorage_wire.capsules import CapsuleSealer, KeyRing


class Parts:
    """Everything but the sockets."""

    def __init__(
        self,
        settings: GatewaySettings,
        ring: KeyRing,
        gateway: str,
        jitter: Callable[[], float],
        unix_seconds: Callable[[], float],
    ) -> None:
        limits = settings.limits
        self.cells = Cells()
        self.loop_lag = LoopLag()
        self._session_keys = SessionKeys(ring)
        self.access_log = _access_log(settings, self._session_keys)
        self.verification = Verification(jitter)
        self.new_endpoints = NewEndpoints(self.verification)
        book = EndpointBook(limits, self.new_endpoints.appeared)
        self.verification.book = book
        self._loop_guard = LoopGuard(gateway)
        sealer = CapsuleSealer(ring, gateway, os.urandom(8))
        self.runtime = Runtime(
            limits=limits,
            book=book,
            exchanges=Exchanges(book, self.verification.begin),
            moorings=Moorings(sealer, limits.opened_capsules, _log_names(self.access_log)),
            ledger=SessionLedger(limits.sessions, self.cells),
            sealer=sealer,
            cells=self.cells,
            loop_seconds=asyncio.get_running_loop().time,
            unix_seconds=unix_seconds,
        )
        ends = CallEnds(
            self.cells, self.access_log, self.runtime.loop_seconds, self.runtime.unix_seconds
        )
        self.front = Front(self.runtime, ends, self._loop_guard)
        half_sent = HalfSent(limits.half_sent_per_address, limits.half_sent_bytes)
        self.front_server = FrontServer(self.front.handle, limits, half_sent, self.cells)
        self.cells.endpoint_states = self._endpoint_samples
        self.metrics = GatewayMetrics(self.cells, self._process_facts())
        self._know_own_requests(ring)

    def use_ring(self, ring: KeyRing) -> None:
        """Seal, open and name by other keys from now on."""
        self.runtime.sealer.use_ring(ring)
        self._session_keys.use_ring(ring)
        self._know_own_requests(ring)

    def _know_own_requests(self, ring: KeyRing) -> None:
        self._loop_guard.use_ring(ring)
        self.runtime.book.pass_as(self._loop_guard.line)

    def start(self) -> None:
        """Begin what runs beside the requests."""
        self.loop_lag.start()
        if self.access_log is not None:
            self.access_log.start()

    async def stop(self) -> None:
        """End what ``start`` began, and every connection."""
        self.loop_lag.stop()
        await self.front.http_sse.stop()
        await self.verification.stop()
        self.runtime.book.close()
        if self.access_log is not None:
            await self.access_log.stop(1.0)

    def _process_facts(self) -> ProcessFacts:
        dropped = self.access_log.dropped if self.access_log is not None else lambda: 0
        return ProcessFacts(VERSION, self.loop_lag.worst_seconds, dropped)

    def _endpoint_samples(self) -> Iterator[EndpointSample]:
        for group in self.runtime.book.groups.values():
            for uid, booked in group.endpoints.items():
                yield EndpointSample(
                    group.name,
                    uid,
                    booked.health.state.value,
                    group.live_sessions.get(uid, 0),
                    group.in_flight.get(uid, 0),
                )


def _access_log(settings: GatewaySettings, keys: SessionKeys) -> AccessLog | None:
    if settings.access_log is None:
        return None
    return AccessLog(settings.access_log, keys.key_of)


def _log_names(access_log: AccessLog | None) -> Callable[[str, bytes], bytes]:
    return (lambda capsule, upstream: b"") if access_log is None else access_log.names_of

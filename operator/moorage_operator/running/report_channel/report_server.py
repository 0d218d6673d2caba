"""The leader's end of the report channel. How it is wired:

    server = ReportServer(
        served,      # planning/demand/served_groups.py: which gateway serves which groups
        published,   # published_keys.py: the API server, asked for its keys for tokens
        leadership,  # leadership.py: who holds the Lease
        on_change,   # called on the event loop with a Change (changes.py); enqueue its keys there
    )
    await server.start(ssl_context, host="", port=8443)   # also on replicas that do not lead
    server.reports(gateway); server.demand(group)         # for the snapshots, at any time
    await server.stop()

``on_change`` is told at once when a digest, a key id or a verdict changed or a pod came or went,
where that is often for one gateway at the next round; at most every ``COUNTS_SECONDS`` when only
counts did.
"""

import asyncio
import logging
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from functools import partial
from typing import Literal

from aiohttp import WSCloseCode, web

from moorage_contract.report_channel import LEADER_HEADER, MAX_FRAME_BYTES, Guidance
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.demand.claims import DemandRefused, Share
from moorage_operator.planning.demand.connection import Heard
from moorage_operator.planning.demand.demand_ledger import DemandLedger
from moorage_operator.planning.demand.gateway_pod import GatewayPod
from moorage_operator.planning.demand.served_groups import ServedGroups
from moorage_operator.planning.demand.settling import PodNames
from moorage_operator.planning.snapshot import GatewayPodReport, GroupDemand
from moorage_operator.running.cancellation import is_asked_to_end
from moorage_operator.running.doorway import DoorBounds, Doorway
from moorage_operator.running.report_channel.callers import CallerProof, CallerRefused
from moorage_operator.running.report_channel.changes import Change, Changes
from moorage_operator.running.report_channel.intake import (
    MAX_HELD_BYTES,
    MAX_HELD_BYTES_PER_NAMESPACE,
    HeldFrames,
    Intake,
)
from moorage_operator.running.report_channel.leadership import Leadership
from moorage_operator.running.report_channel.loop_time import LOOP_SHARE, LoopTime
from moorage_operator.running.report_channel.pace import Allowance
from moorage_operator.running.report_channel.pod_connection import FrameRefused, PodConnection
from moorage_operator.running.report_channel.published_keys import (
    KeysUnavailable,
    Published,
    PublishedKeys,
)
from moorage_operator.running.report_channel.refusal import Refusal

REPORT_PATH = "/report"
MAX_CONNECTIONS = 1000
"""Of which no namespace has more than are left."""
ROUND_SECONDS = 1.0
REPORTS_PER_SECOND, REPORTS_AT_ONCE = 10.0, 64.0
"""Of one pod; a whole report may come in so many pieces (MAX_PIECES)."""
DOOR = DoorBounds()
"""For connections that have not shown a token yet."""
_log = logging.getLogger(__name__)


class ReportServer:
    """Hears the gateways' pods, and tells each what it may do."""

    rounds: asyncio.Task[None]
    """Since ``start``; without them no promise ever expires, so whoever starts hears of its end."""

    def __init__(
        self,
        served: ServedGroups,
        published: Published,
        leadership: Leadership,
        on_change: Callable[[Change], None],
    ) -> None:
        self._served = served
        self._published = published
        self._leadership = leadership
        self._changes = Changes(on_change)
        self._connections: dict[GatewayPod, PodConnection] = {}
        self._reports = Allowance(REPORTS_PER_SECOND, REPORTS_AT_ONCE)
        self._held = HeldFrames()
        self._loop_time = LoopTime()
        self._ledger: DemandLedger | None = None
        self._runner: web.AppRunner | None = None
        self._door: Doorway | None = None
        self.refused = {reason.label: 0 for reason in Refusal}
        """Connections and reports that were refused so far, by reason."""

    @property
    def connections(self) -> int:
        """Pods that are connected."""
        return len(self._connections)

    @property
    def sessions(self) -> int:
        """Session tags in the ledger."""
        return self._ledger.sessions if self._ledger is not None else 0

    def reports(self, gateway: ResourceName) -> tuple[GatewayPodReport, ...]:
        """What each live pod of a gateway last told."""
        return self._ledger.reports(gateway) if self._ledger is not None else ()

    def demand(self, group: ResourceName) -> GroupDemand:
        """What all live gateways together know of a group."""
        return self._ledger.demand(group) if self._ledger is not None else GroupDemand()

    def expect(self, pods: PodNames) -> None:
        """The gateway pods that there are as this replica begins to lead."""
        ledger = self._ledger_of_this_term()
        if ledger is not None:
            self._wake(ledger.expect(pods, asyncio.get_running_loop().time()))

    # its life

    async def start(self, ssl_context: ssl.SSLContext, host: str = "", port: int = 8443) -> None:
        """Listen; raises OSError when the address cannot be had. A fresh certificate may be
        loaded into ``ssl_context`` at any time."""
        self._now = asyncio.get_running_loop().time
        self._callers = CallerProof(PublishedKeys(self._published, self._now))
        site = web.Application()
        site.router.add_get(REPORT_PATH, self._take_in)
        self._runner = web.AppRunner(
            site, access_log=None, keepalive_timeout=5.0, shutdown_timeout=1.0
        )
        await self._runner.setup()
        assert self._runner.server is not None
        self._door = Doorway(
            self._runner.server, DOOR, ssl_context, lambda: self._count(Refusal.NO_TOKEN_IN_TIME)
        )
        self._door.open(host, port)
        self.rounds = asyncio.create_task(self._go_round_for_ever())

    @property
    def port(self) -> int:
        """The port of the listener (a free one was chosen when 0 was asked for)."""
        assert self._door is not None
        return self._door.port

    async def stop(self) -> None:
        """Close every connection; gateways look for another leader."""
        if self._door is None:
            return
        self.rounds.cancel()
        await asyncio.gather(self.rounds, return_exceptions=True)
        self._door.close()
        await asyncio.gather(
            *(one.close(1012, "this operator stops") for one in self._connections.values())
        )
        if self._runner is not None:
            await self._runner.cleanup()

    async def _go_round_for_ever(self) -> None:
        """A round that fails is told and the next one follows: else no promise would expire."""
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            try:
                await self._go_round()
            except (Exception, asyncio.CancelledError) as error:
                if isinstance(error, asyncio.CancelledError) and is_asked_to_end():
                    raise
                _log.exception("a round of the report channel failed; the next one follows")

    async def _go_round(self) -> None:
        if self._ledger is not None:
            gone = self._ledger.expire(self._now())
            self._changes.note_counts(Change(groups=gone))
            self._wake(self._ledger.appoint(self._now()))
            await self._leave(self._ledger.to_be_heard_anew())
        self._changes.tell_rest(self._now())

    async def _leave(self, pods: frozenset[GatewayPod]) -> None:
        """Close the connections of those pods that are still here: they come anew."""
        here = [self._connections[pod] for pod in pods if pod in self._connections]
        why = "its groups are known now: report all"
        await asyncio.gather(*(connection.close(1012, why) for connection in here))

    def _ledger_of_this_term(self) -> DemandLedger | None:
        """None while another replica leads."""
        since = self._leadership.leading_since()
        if since is None:
            return None
        if self._ledger is None:
            self._ledger = DemandLedger(self._served, since)
        return self._ledger

    # one connection

    async def _take_in(self, request: web.Request) -> web.StreamResponse:
        ledger = self._ledger_of_this_term()
        if ledger is None:
            return self._elsewhere()
        try:
            pod = await self._callers.caller(request.headers.get("Authorization", ""))
        except CallerRefused as error:
            return self._refuse(Refusal.NO_PROOF, str(error))
        except KeysUnavailable as error:
            return self._refuse(Refusal.NO_KEYS, str(error))
        if self._served.served_by(pod.gateway) is None:
            return self._refuse(Refusal.UNKNOWN_GATEWAY, f"there is no McpGateway {pod.gateway}")
        share = Share.of(pod.gateway, dict.fromkeys(self._connections, 1), MAX_CONNECTIONS)
        if pod not in self._connections and not share.has_room(1):
            return self._refuse(Refusal.TOO_MANY_PODS, share.words("reporting pods"), share.most)
        assert self._door is not None
        self._door.let_in(request.protocol)
        if request.transport is None or request.transport.is_closing():
            return web.Response(status=503)  # turned away while its token was proved
        if request.protocol._message_tail:  # no intake would know where its frames begin
            return web.Response(status=400, text="send no frame before the handshake is over\n")
        intake = Intake(pod, request.protocol, self._held)
        request.transport.set_protocol(intake)
        socket: web.WebSocketResponse[Literal[False]] = web.WebSocketResponse(
            max_msg_size=MAX_FRAME_BYTES, compress=False, timeout=1.0, decode_text=False
        )
        await socket.prepare(request)
        await self._serve(PodConnection(pod, socket, intake), ledger)
        return socket

    def _elsewhere(self) -> web.Response:
        leader = self._leadership.leader_address()
        headers = {LEADER_HEADER: leader} if leader else {}
        return web.Response(status=421, text="another replica leads\n", headers=headers)

    def _refuse(self, reason: Refusal, why: str, for_the_log: str = "") -> web.Response:
        self._count(reason)
        told = "; ".join(filter(None, (why, for_the_log)))
        _log.warning("a report channel was refused (%d): %s", reason.status, told)
        return web.Response(status=reason.status, text=f"{why}\n")

    def _count(self, reason: Refusal) -> None:
        self.refused[reason.label] += 1

    async def _serve(self, connection: PodConnection, ledger: DemandLedger) -> None:
        pod = connection.pod
        before, self._connections[pod] = self._connections.get(pod), connection
        if before is not None:
            ledger.vanish(pod, self._now(), may_live_on=True)
            await before.close(1012, "a newer connection of this pod took its place")
        writing = asyncio.create_task(connection.write(lambda: self._guidance(connection, ledger)))
        reading = asyncio.create_task(self._read(connection, ledger))
        try:
            until = (reading, writing, connection.intake.full)
            await asyncio.wait(until, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reading, writing):
                task.cancel()
            ended = await asyncio.gather(reading, writing, return_exceptions=True)
            self._ended(connection, ledger)
        if connection.intake.full.done():
            await self._close_full(connection)
        for error in ended:
            await self._close_for(connection, error)

    async def _read(self, connection: PodConnection, ledger: DemandLedger) -> None:
        leads = True
        while leads and (frame := await connection.read()) is not None:
            async with self._turn_to_report(connection):
                if self._connections.get(connection.pod) is not connection:
                    return
                leads = self._leadership.leading_since() is not None
                if leads:
                    self._hear(connection, frame, ledger)
        if not leads:
            await connection.close(1012, "another replica leads")

    def _hear(self, connection: PodConnection, frame: bytes, ledger: DemandLedger) -> None:
        self._reports.take(connection.pod, 1, self._now())
        with self._charged_to(connection.pod):
            heard = ledger.hear(connection.pod, connection.decode(frame), self._now())
            connection.answer()
            self._pass_on(connection.pod, heard)
        connection.intake.done()

    def _turn_to_report(self, connection: PodConnection) -> AbstractAsyncContextManager[None]:
        """Entered once it, and its namespace, takes no more than its share; one frame is in hand
        meanwhile, and what waits of a namespace is bounded by the intake of its connections."""
        pod = connection.pod

        def wait_seconds() -> float:
            own = self._reports.wait_seconds(pod, self._now())
            return max(own, self._loop_wait_seconds(pod))

        if wait_seconds() and not connection.is_slowed:
            self._log_slowed(connection)
        return self._loop_time.turn(pod.gateway.namespace, wait_seconds, connection.keep)

    def _loop_wait_seconds(self, pod: GatewayPod) -> float:
        return self._loop_time.wait_seconds(pod.gateway.namespace, self._now())

    def _log_slowed(self, connection: PodConnection) -> None:
        connection.is_slowed = True
        pod = connection.pod
        _log.warning(
            "the reports of %s of %s are read slower: over %d a second of one pod, or over "
            "%.0f %% of the leader's time for namespace %s",
            *(pod.name, pod.gateway, REPORTS_PER_SECOND, 100 * LOOP_SHARE),
            pod.gateway.namespace,
        )

    @contextmanager
    def _charged_to(self, pod: GatewayPod) -> Iterator[None]:
        """What the leader reckons for a pod, its namespace has had; not what others took then."""
        begun_at = time.thread_time()
        try:
            yield
        finally:
            seconds = time.thread_time() - begun_at
            self._loop_time.take(pod.gateway.namespace, seconds, self._now())

    async def _guidance(self, connection: PodConnection, ledger: DemandLedger) -> Guidance | None:
        pod = connection.pod
        namespace, wait_seconds = pod.gateway.namespace, partial(self._loop_wait_seconds, pod)
        async with self._loop_time.turn(namespace, wait_seconds, connection.keep):
            answer = connection.begin_to_tell()
            if self._connections.get(pod) is not connection:
                return None
            with self._charged_to(pod):
                return ledger.guidance(pod, self._now(), answer=answer)

    def _pass_on(self, pod: GatewayPod, heard: Heard) -> None:
        self._wake(heard.to_guide)
        mine = frozenset({pod.gateway})
        told = Change(mine if heard.in_force else frozenset(), heard.verdicts)
        self._changes.tell(told, pod.gateway, self._now())
        self._changes.note_counts(Change(mine if heard.counts else frozenset(), heard.sessions))

    def _wake(self, pods: frozenset[GatewayPod]) -> None:
        for pod in pods:
            if pod in self._connections:
                self._connections[pod].wake()

    def _ended(self, connection: PodConnection, ledger: DemandLedger) -> None:
        pod = connection.pod
        if self._connections.get(pod) is connection:
            del self._connections[pod]
            groups = ledger.vanish(pod, self._now(), may_live_on=not connection.ended_by_itself)
            gone_from = Change(gateways=frozenset({pod.gateway}))
            self._changes.tell(gone_from, pod.gateway, self._now())
            self._changes.note_counts(Change(groups=groups))

    async def _close_full(self, connection: PodConnection) -> None:
        self._count(Refusal.TOO_MUCH_WAITS)
        held = MAX_HELD_BYTES_PER_NAMESPACE // 2**20
        _log.warning(
            "the connection of %s is closed, as over %d MiB of reports wait in its namespace, or "
            "more than are left of %d MiB in all; it comes again. Delete pods that send what no "
            "gateway does, or serve from another namespace too",
            *(connection.pod, held, MAX_HELD_BYTES // 2**20),
        )
        why = f"serve from another namespace too, or try again: {held} MiB of reports wait here"
        await connection.close(WSCloseCode.TRY_AGAIN_LATER, why)

    async def _close_for(self, connection: PodConnection, error: BaseException | None) -> None:
        if isinstance(error, FrameRefused | DemandRefused):
            malformed = isinstance(error, FrameRefused)
            self._count(Refusal.MALFORMED if malformed else Refusal.OUT_OF_BOUNDS)
            for_the_log = "" if isinstance(error, FrameRefused) else error.for_the_log
            told = "; ".join(filter(None, (str(error), for_the_log)))
            _log.warning("a report of %s was refused: %s", connection.pod, told)
            await connection.close(1008, str(error))
        elif isinstance(error, ConnectionError | TimeoutError):
            await connection.close(1011, "it does not read")
        elif error is not None and not isinstance(error, asyncio.CancelledError):
            _log.error("a report channel failed by a defect of the operator", exc_info=error)
            with suppress(ConnectionError):
                await connection.close(1011, "a defect of the operator")

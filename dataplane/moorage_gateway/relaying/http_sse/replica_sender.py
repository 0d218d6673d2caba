"""Sends a request to the replica that holds what it is about, and relays the answer."""

from dataclasses import replace

from moorage_contract.route_table import Endpoint, Group
from moorage_gateway.connecting.upstream_pool import UpstreamPool
from moorage_gateway.errors import EndpointGone, EndpointUnreachable
from moorage_gateway.relaying.call import Call
from moorage_gateway.relaying.http_sse.held_request import HeldRequest, seal_request
from moorage_gateway.relaying.http_sse.replica_port import PATH, PROOF_HEADER
from moorage_gateway.relaying.passages.legacy import LegacyPassage
from moorage_gateway.relaying.runtime import Runtime
from moorage_gateway.routing.endpoint_book import BookedEndpoint, BookedGroup
from moorage_gateway.routing.endpoint_state import Health
from moorage_gateway.routing.moorings import unknown_session
from moorage_gateway.settings import Limits
from moorage_wire.heads import AnswerHead

MAX_PEERS = 256
CONNECTIONS_PER_PEER = 256
IDLE_CONNECTIONS_PER_PEER = 16
MARGIN_SECONDS = 10.0
"""The holder waits for the endpoint; we wait for the holder a little longer."""


class ReplicaSender:
    """Keeps a pool of connections to each replica that was asked."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._peers: dict[str, BookedEndpoint] = {}

    async def send(
        self,
        call: Call,
        holder: str,
        request: HeldRequest,
        session_line: bytes,
        silence_seconds: float,
    ) -> None:
        """Relay the holder's answer; raises GatewayError while nothing was written.

        ``silence_seconds`` 0 waits for ever.
        """
        runtime, peer = self._runtime, self._peer(holder)
        proof, body = seal_request(runtime.sealer, request, int(runtime.unix_seconds()))
        lines = f"content-type: application/msgpack\r\n{PROOF_HEADER}: {proof}\r\n".encode()
        octets = peer.pool.post(lines, b"", body)
        passage = HolderPassage(runtime.limits, session_line)
        if silence_seconds:
            silence_seconds += MARGIN_SECONDS
        try:
            await runtime.exchanges.run(call, peer, octets, passage, silence_seconds)
        except EndpointUnreachable as error:
            if error.reason == "ConnectRefused":  # it has ended, and its streams with it
                raise unknown_session() from error
            raise EndpointUnreachable(
                "the gateway replica that holds this stream cannot be reached",
                reason="ReplicaUnreachable",
                remedy="try again; let the replicas reach each other's admin port",
                retry_after_seconds=1,
            ) from error

    def close(self) -> None:
        """Close every connection."""
        for peer in self._peers.values():
            peer.pool.close()

    def _peer(self, holder: str) -> BookedEndpoint:
        peer = self._peers.get(holder)
        if peer is None:
            if len(self._peers) >= MAX_PEERS:
                self._peers.pop(next(iter(self._peers))).pool.retire()
            peer = self._peers[holder] = _peer_at(holder, self._runtime.limits)
        return peer


class HolderPassage(LegacyPassage):
    """Bytes pass; what the holder does not know is told exactly as what nobody knows."""

    __slots__ = ("_unknown",)

    def __init__(self, limits: Limits, session_line: bytes) -> None:
        super().__init__(limits, lambda event_id: event_id, session_line)
        self._unknown = False

    @property
    def holding(self) -> bool:  # type: ignore[override]
        return self._unknown

    def started(self, status: int, head: AnswerHead) -> None:
        self._unknown = status == 404
        super().started(status, head)

    def feed(self, chunk: bytes) -> bytes:
        return b"" if self._unknown else super().feed(chunk)

    def finish(self) -> bytes:
        if self._unknown:
            unknown = unknown_session()
            raise EndpointGone(unknown.message, reason=unknown.reason, remedy=unknown.remedy)
        return super().finish()


def _peer_at(holder: str, limits: Limits) -> BookedEndpoint:
    """A replica in an endpoint's clothes: it stands in no book, and nobody verifies it."""
    endpoint = Endpoint(uid=f"replica/{holder}", url=f"http://{holder}{PATH}")
    # Few idle connections: health checks and scrapes come to the same port.
    limits = replace(
        limits,
        connections_per_endpoint=CONNECTIONS_PER_PEER,
        idle_connections_per_endpoint=IDLE_CONNECTIONS_PER_PEER,
    )
    group = BookedGroup(Group(name="replicas", source="External"))
    peer = BookedEndpoint(endpoint, group, UpstreamPool(endpoint, limits))
    peer.health = Health().removed()
    return peer

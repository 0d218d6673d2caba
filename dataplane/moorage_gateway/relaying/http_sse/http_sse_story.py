"""HTTP+SSE (2024-11-05), on the client's side, the endpoint's side, or both.

    client      endpoint          who holds what
    HTTP+SSE    HTTP+SSE          relayed_streams.py   the stream passes byte for byte
    HTTP+SSE    streamable HTTP   held_stream.py       the client's stream is held here
    streamable  HTTP+SSE          bridged_session.py   the endpoint's stream is held here

A request for what another replica holds is sent there: reach.py, replica_sender.py →
replica_port.py (docs/decisions/0006-http-sse.md).
"""

from collections.abc import Callable

from aiohttp import web

from moorage_gateway.access.principal import Principal
from moorage_gateway.errors import GatewayError
from moorage_gateway.relaying.call import Call
from moorage_gateway.relaying.http_request import HttpRequest
from moorage_gateway.relaying.http_sse.bridge_story import BridgeStory
from moorage_gateway.relaying.http_sse.client_streams import ClientStreams
from moorage_gateway.relaying.http_sse.held_service import HeldService
from moorage_gateway.relaying.http_sse.holdings import Holdings
from moorage_gateway.relaying.http_sse.open_streams import OpenStreams
from moorage_gateway.relaying.http_sse.reach import Reach
from moorage_gateway.relaying.http_sse.replica_port import ReplicaPort
from moorage_gateway.relaying.http_sse.replica_sender import ReplicaSender
from moorage_gateway.relaying.http_sse.wire_forms import opens_stream, stream_capsule
from moorage_gateway.relaying.runtime import Runtime
from moorage_gateway.routing.endpoint_book import BookedGroup
from moorage_wire.eras import Era, era_of
from moorage_wire.heads import RequestHead
from moorage_wire.jsonrpc import Message


class HttpSseStory:
    """Tells every request that has HTTP+SSE on either side."""

    def __init__(self, runtime: Runtime, new_id: Callable[[], str]) -> None:
        self._holdings = Holdings(runtime, new_id)
        self._sender = ReplicaSender(runtime)
        self._streams = OpenStreams(runtime)
        service = HeldService(self._holdings)
        self._reach = Reach(service, self._sender)
        self._clients = ClientStreams(runtime, self._holdings, self._reach, self._streams)
        self._bridges = BridgeStory(runtime, self._holdings, self._reach, self._streams)
        self._port = ReplicaPort(
            service, runtime.sealer, runtime.limits, runtime.cells.refused, runtime.unix_seconds
        )

    # one request

    def takes(self, call: Call, request: HttpRequest) -> bool:
        """Whether this request is ours: by its client's transport or by its endpoint's."""
        assert call.group is not None
        if request.method == "POST":
            named = "?" in request.target and stream_capsule(request.target) is not None
            return named or call.group.rules.transport == "HttpSse"
        if request.method == "GET" and opens_stream(call.head):
            return True
        of_session = request.method in ("GET", "DELETE") and not _is_modern(call.head)
        return of_session and call.group.rules.transport == "HttpSse"

    async def post(
        self,
        call: Call,
        request: HttpRequest,
        read: Message | tuple[Message, ...],
        principal: Principal,
    ) -> None:
        """Serve a message or batch; raises GatewayError while nothing was written."""
        capsule = stream_capsule(request.target)
        if capsule is not None:
            await self._clients.post(call, capsule, read, principal)
        else:
            await self._bridges.post(call, read, principal, request.raw_headers)

    async def get(self, call: Call, request: HttpRequest, principal: Principal) -> None:
        """Serve a stream; raises GatewayError while nothing was written."""
        if opens_stream(call.head):
            await self._clients.get(call, principal, request.raw_headers)
        else:
            await self._bridges.get(call, principal)

    async def delete(self, call: Call, principal: Principal) -> None:
        """End a session."""
        await self._bridges.delete(call, principal)

    # the process

    @property
    def open_streams(self) -> int:
        """Streams to clients at this moment."""
        return self._streams.count

    def reachable_at(self, holder: str) -> None:
        """Other replicas reach this one's admin port at ``host:port``."""
        self._reach.holder = holder

    def replica_routes(self) -> list[web.RouteDef]:
        """What the admin site serves for other replicas."""
        return self._port.routes()

    async def sweep(self) -> None:
        """End what is too old or idle; runs until cancelled."""
        await self._holdings.sweep()

    def drain(self) -> None:
        """The process stops: end the streams on which no call waits."""
        self._holdings.end_idle_streams()

    def break_off(self, failure: GatewayError) -> None:
        """The process can wait no longer: calls that still run get ``failure``."""
        self._holdings.break_off(failure)

    def finish(self, group: BookedGroup) -> None:
        """The group leaves the table: its streams end with their last call."""
        self._holdings.finish(group)

    def take_away(self, group: BookedGroup, failure: GatewayError) -> None:
        """The group may not be used any more: calls that still run get ``failure``."""
        self._holdings.take_away(group, failure)

    async def stop(self) -> None:
        """End what is left, telling the endpoints."""
        await self._holdings.stop()
        self._sender.close()


def _is_modern(head: RequestHead) -> bool:
    return era_of(head.protocol_version) is Era.MODERN

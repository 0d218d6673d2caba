"""Streamable HTTP clients of HTTP+SSE endpoints: the session lives on a stream held here.

Its id names the replica that holds the stream; the others send requests there.
"""

from moorage_gateway.access.principal import Principal
from moorage_gateway.errors import (
    EndpointGone,
    MalformedRequest,
    SessionNotFound,
)
from moorage_gateway.relaying.call import Call
from moorage_gateway.relaying.http_sse.bridge_opening import BridgeOpening
from moorage_gateway.relaying.http_sse.held_request import HeldRequest, Verb
from moorage_gateway.relaying.http_sse.holdings import Holdings
from moorage_gateway.relaying.http_sse.open_streams import OpenStreams
from moorage_gateway.relaying.http_sse.reach import Reach
from moorage_gateway.relaying.http_sse.stream_refusals import (
    already_initialized,
    no_modern_here,
    session_id_missing,
)
from moorage_gateway.relaying.http_sse.wire_forms import (
    accepts_events,
    accepts_json,
    bridged_lines,
)
from moorage_gateway.relaying.runtime import Runtime
from moorage_gateway.relaying.sessions import board, client_line
from moorage_gateway.routing.moorings import Mooring, unknown_session
from moorage_wire.eras import Era, allows_batches, era_of
from moorage_wire.jsonrpc import Message

RawHeaders = tuple[tuple[bytes, bytes], ...]


class BridgeStory:
    """Tells POSTs, GETs and DELETEs of such clients."""

    def __init__(
        self, runtime: Runtime, holdings: Holdings, reach: Reach, streams: OpenStreams
    ) -> None:
        self._runtime = runtime
        self._reach = reach
        self._streams = streams
        self._openings = BridgeOpening(runtime, holdings, reach)

    async def post(
        self,
        call: Call,
        read: Message | tuple[Message, ...],
        principal: Principal,
        raw_headers: RawHeaders,
    ) -> None:
        """Serve a message or batch; raises GatewayError while nothing was written."""
        if era_of(call.head.protocol_version) is Era.MODERN:
            raise no_modern_here()
        if call.head.session_id is not None:
            await self._in_session(call, read, principal)
        elif isinstance(read, tuple) or read.method != "initialize":
            raise session_id_missing()
        else:
            await self._openings.open(call, read, principal, raw_headers)

    async def get(self, call: Call, principal: Principal) -> None:
        """Relay what the endpoint says unasked, until one side ends it."""
        if call.head.session_id is None:
            raise session_id_missing()
        assert call.route is not None
        mooring, _booked = board(self._runtime, call, principal)
        with self._streams.opened(call.route.path, "get"):
            await self._ask("get", call, mooring)

    async def delete(self, call: Call, principal: Principal) -> None:
        """End the session."""
        if call.head.session_id is None:
            raise session_id_missing()
        mooring, _booked = board(self._runtime, call, principal)
        await self._ask("delete", call, mooring)
        self._runtime.ledger.forget(mooring.session_tag)

    async def _in_session(
        self, call: Call, read: Message | tuple[Message, ...], principal: Principal
    ) -> None:
        mooring, _booked = board(self._runtime, call, principal)
        if isinstance(read, Message):
            if read.method == "initialize":
                raise already_initialized()
            await self._ask("post", call, mooring, read.encode())
            return
        if not allows_batches(mooring.protocol_version):
            raise MalformedRequest(
                f"protocol version {mooring.protocol_version} has no JSON-RPC batches",
                reason="BatchNotAllowed",
                remedy="send each message in a POST of its own",
            )
        body = b"[%b]" % b",".join(message.encode() for message in read)
        await self._ask("post", call, mooring, body)

    async def _ask(self, verb: Verb, call: Call, mooring: Mooring, body: bytes = b"") -> None:
        assert call.route is not None
        session_id, holder = _held_at(mooring)
        request = HeldRequest(
            verb=verb,
            route=call.route.path,
            holding_id=session_id,
            principal_tag=mooring.principal_tag,
            forward=bridged_lines(call.head.forward),
            body=body,
            raw_id=call.raw_id,
            json=accepts_json(call.head.accept),
            events=accepts_events(call.head.accept),
        )
        try:
            await self._reach.ask(call, holder, request, client_line(mooring))
        except (SessionNotFound, EndpointGone):
            self._runtime.ledger.forget(mooring.session_tag)
            raise


def _held_at(mooring: Mooring) -> tuple[str, str]:
    """Id and holder of a session's stream; raises SessionNotFound for any other kind of id."""
    session_id, at, holder = mooring.upstream_session_id.decode("latin-1").partition("@")
    if not at:
        raise unknown_session()
    return session_id, holder

"""The message story: one POSTed message (or batch) of a legacy client, told top to bottom."""

from moorage_contract.route_table import Affinity
from moorage_gateway.access.principal import Principal
from moorage_gateway.errors import EndpointUnreachable, MalformedRequest, UpstreamError
from moorage_gateway.relaying.affinity import affinity_key
from moorage_gateway.relaying.call import Call
from moorage_gateway.relaying.passages.initialize import InitializePassage
from moorage_gateway.relaying.passages.legacy import LegacyPassage, SealEventId
from moorage_gateway.relaying.places import (
    PLACES_TO_TRY,
    SessionPlace,
    begin_somewhere,
    place_of_request,
)
from moorage_gateway.relaying.runtime import Runtime
from moorage_gateway.relaying.sessions import (
    EventIds,
    board,
    client_line,
    gone,
    upstream_line,
)
from moorage_gateway.routing.endpoint_book import BookedEndpoint
from moorage_gateway.routing.moorings import session_tag
from moorage_wire.capsules import SessionContent, compress_initialize_params
from moorage_wire.eras import DEFAULT_VERSION, allows_batches
from moorage_wire.jsonrpc import Message, MessageKind


class MessageStory:
    """Tells legacy POSTs."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def tell(
        self,
        call: Call,
        read: Message | tuple[Message, ...],
        principal: Principal,
        raw_headers: tuple[tuple[bytes, bytes], ...],
    ) -> None:
        """Relay the message and its answer. Raises GatewayError while nothing was written."""
        if isinstance(read, tuple):
            body = b"[%b]" % b",".join(message.encode() for message in read)
            if any(message.method == "initialize" for message in read):
                raise _initialize_in_batch()
        else:
            body = read.encode()
        if call.head.session_id is not None:
            await self._in_session(call, body, principal, batch=isinstance(read, tuple))
        elif call.method == "initialize":
            await self._initialize(
                call, body, affinity_key(self._affinity(call), raw_headers, principal), principal
            )
        else:
            await self._without_session(
                call,
                body,
                affinity_key(self._affinity(call), raw_headers, principal),
                batch=isinstance(read, tuple),
            )

    async def _in_session(
        self, call: Call, body: bytes, principal: Principal, *, batch: bool
    ) -> None:
        runtime = self._runtime
        mooring, booked = board(runtime, call, principal)
        if call.method == "initialize":
            raise MalformedRequest(
                "initialize begins a session and cannot carry a session id",
                reason="InitializeInSession",
                remedy="send initialize without Mcp-Session-Id",
            )
        if batch and not allows_batches(mooring.protocol_version):
            raise _no_batches(mooring.protocol_version)
        assert call.route is not None
        events = EventIds(runtime, call.route.path, booked.endpoint.uid, mooring.session_tag)
        request = booked.pool.post(call.head.forward, upstream_line(mooring), body)
        passage = LegacyPassage(
            runtime.limits, events.seal, client_line(mooring), _awaited_id(call)
        )
        try:
            await runtime.exchanges.run(call, booked, request, passage, self._silence(call))
        except EndpointUnreachable as error:
            if error.reason != "ConnectRefused":
                raise
            runtime.ledger.forget(mooring.session_tag)
            raise gone(call) from error
        if call.status == 404:
            runtime.ledger.forget(mooring.session_tag)

    async def _without_session(
        self, call: Call, body: bytes, key: bytes | None, *, batch: bool
    ) -> None:
        # No session is ever guessed: the endpoint itself refuses where it wants an id.
        version = call.head.protocol_version or DEFAULT_VERSION
        if batch and not allows_batches(version):
            raise _no_batches(version)
        assert call.group is not None
        for attempt in range(PLACES_TO_TRY):
            booked = await place_of_request(call.group, key)
            request = booked.pool.post(call.head.forward, b"", body)
            try:
                await self._relay_unbound(call, booked, request)
            except EndpointUnreachable:
                if attempt + 1 == PLACES_TO_TRY:
                    raise
            else:
                return

    async def _relay_unbound(self, call: Call, booked: BookedEndpoint, request: bytes) -> None:
        assert call.route is not None
        events = EventIds(self._runtime, call.route.path, booked.endpoint.uid, b"")
        passage = LegacyPassage(self._runtime.limits, events.seal, b"", _awaited_id(call))
        await self._runtime.exchanges.run(call, booked, request, passage, self._silence(call))

    async def _initialize(
        self, call: Call, body: bytes, key: bytes | None, principal: Principal
    ) -> None:
        self._runtime.ledger.require_room()
        assert call.group is not None

        async def begin(place: SessionPlace) -> None:
            await self._initialize_at(call, place, body, principal)

        await begin_somewhere(call.group, key, begin)

    async def _initialize_at(
        self, call: Call, place: SessionPlace, body: bytes, principal: Principal
    ) -> None:
        runtime, booked = self._runtime, place.booked

        def mint(upstream_session_id: str, version: str) -> tuple[bytes, SealEventId]:
            minted = self._mint(call, booked, upstream_session_id, version, principal)
            place.give_back()
            return minted

        passage = InitializePassage(runtime.limits, mint, call.raw_id)
        request = booked.pool.post(call.head.forward, b"", body)
        try:
            await runtime.exchanges.run(call, booked, request, passage, self._silence(call))
        except UpstreamError:
            if call.mooring is not None:
                runtime.ledger.forget(call.mooring.session_tag)
            raise

    def _mint(
        self,
        call: Call,
        booked: BookedEndpoint,
        upstream_session_id: str,
        version: str,
        principal: Principal,
    ) -> tuple[bytes, SealEventId]:
        runtime, uid = self._runtime, booked.endpoint.uid
        assert call.route is not None and call.message is not None
        content = SessionContent(
            endpoint_uid=uid,
            upstream_session_id=upstream_session_id,
            principal_tag=principal.tag,
            protocol_version=version,
            minted_at=int(runtime.unix_seconds()),
            generation=0,
            initialize_params=compress_initialize_params(call.message.members.get("params", b"{}"))
            or b"",
        )
        mooring = runtime.moorings.mint(call.route.path, content)
        call.mooring = mooring
        tag = session_tag(uid, upstream_session_id)
        runtime.ledger.open(tag, booked.group, uid, runtime.loop_seconds())
        return client_line(mooring), EventIds(runtime, call.route.path, uid, tag).seal

    def _affinity(self, call: Call) -> Affinity:
        assert call.group is not None
        return call.group.rules.sessions.affinity

    def _silence(self, call: Call) -> float:
        assert call.group is not None
        return call.group.rules.answer_seconds


def _awaited_id(call: Call) -> bytes | None:
    """The id under which the answer must come; a client's own response awaits none."""
    message = call.message
    return message.id if message is not None and message.kind is MessageKind.REQUEST else None


def _no_batches(version: str) -> MalformedRequest:
    return MalformedRequest(
        f"protocol version {version} has no JSON-RPC batches",
        reason="BatchNotAllowed",
        remedy="send each message in a POST of its own",
    )


def _initialize_in_batch() -> MalformedRequest:
    return MalformedRequest(
        "initialize cannot be part of a batch",
        reason="InitializeInBatch",
        remedy="send initialize in a POST of its own",
    )

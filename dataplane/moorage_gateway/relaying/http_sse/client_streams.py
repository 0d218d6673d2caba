"""HTTP+SSE clients: their GET opens a session's stream, their POSTs go to its session."""

from moorage_gateway.access.principal import Principal
from moorage_gateway.relaying.affinity import affinity_key
from moorage_gateway.relaying.call import Call
from moorage_gateway.relaying.http_sse.answering import relay_stream
from moorage_gateway.relaying.http_sse.client_answer import ClientAnswer
from moorage_gateway.relaying.http_sse.held_request import HeldRequest
from moorage_gateway.relaying.http_sse.held_session import Opening
from moorage_gateway.relaying.http_sse.held_stream import HeldStream
from moorage_gateway.relaying.http_sse.holdings import Holdings
from moorage_gateway.relaying.http_sse.open_streams import OpenStreams
from moorage_gateway.relaying.http_sse.reach import Reach
from moorage_gateway.relaying.http_sse.relayed_streams import RelayedStreams
from moorage_gateway.relaying.http_sse.stream_refusals import no_batches, not_acceptable
from moorage_gateway.relaying.http_sse.wire_forms import (
    accepts_events,
    bridged_lines,
    message_uri,
)
from moorage_gateway.relaying.runtime import Runtime
from moorage_gateway.routing.moorings import unknown_session
from moorage_gateway.routing.picker import none_ready
from moorage_wire.capsules import (
    BadCapsule,
    CapsuleKind,
    StreamContent,
    open_content,
    seal_content,
)
from moorage_wire.jsonrpc import Message
from moorage_wire.sse import encode_event

RawHeaders = tuple[tuple[bytes, bytes], ...]


class ClientStreams:
    """Tells the GETs and POSTs of HTTP+SSE clients, whatever their endpoint speaks."""

    def __init__(
        self, runtime: Runtime, holdings: Holdings, reach: Reach, streams: OpenStreams
    ) -> None:
        self._runtime = runtime
        self._holdings = holdings
        self._reach = reach
        self._streams = streams
        self._relayed = RelayedStreams(runtime)

    async def get(self, call: Call, principal: Principal, raw_headers: RawHeaders) -> None:
        """Open a session's stream; returns when it has ended."""
        assert call.group is not None and call.route is not None
        if not accepts_events(call.head.accept):
            raise not_acceptable()
        key = affinity_key(call.group.rules.sessions.affinity, raw_headers, principal)
        with self._streams.opened(call.route.path, "http_sse"):
            if call.group.rules.transport == "HttpSse":
                await self._relayed.get(call, principal, key)
            else:
                await self._hold(call, principal, key)

    async def _hold(self, call: Call, principal: Principal, key: bytes | None) -> None:
        assert call.group is not None and call.route is not None
        if not len(call.group.requests):
            raise none_ready(call.group)
        lines = bridged_lines(call.head.forward)
        stream = self._holdings.hold_stream(
            Opening(call.route.path, call.group, principal.tag, key, lines)
        )
        answer = ClientAnswer(call)
        try:
            await self._write(call, stream, answer)
        finally:
            answer.released()
            self._holdings.let_go(stream)

    async def _write(self, call: Call, stream: HeldStream, answer: ClientAnswer) -> None:
        opening = stream.opening
        content = StreamContent(self._reach.holder, stream.id, "", opening.principal_tag)
        capsule = seal_content(self._runtime.sealer, CapsuleKind.STREAM, opening.route, content)
        call.stream_capsule = capsule
        await answer.start_events()
        await answer.write(encode_event(message_uri(opening.route, capsule), event=b"endpoint"))
        await relay_stream(stream.outbox, answer)
        await answer.end()

    async def post(
        self,
        call: Call,
        capsule: str,
        read: Message | tuple[Message, ...],
        principal: Principal,
    ) -> None:
        """Take a message to the session whose stream gave this capsule."""
        assert call.group is not None and call.route is not None
        content = self._open(call, call.route.path, capsule, principal)
        if isinstance(read, tuple):
            raise no_batches()
        # Of a relayed stream the endpoint's own message URI is sealed in, of a held one its id.
        is_relayed = content.stream_id.startswith("/")
        if is_relayed is not (call.group.rules.transport == "HttpSse"):
            raise unknown_session()
        if is_relayed:
            await self._relayed.post(call, content, read.encode())
            return
        request = HeldRequest(
            verb="say",
            route=call.route.path,
            holding_id=content.stream_id,
            principal_tag=principal.tag,
            forward=bridged_lines(call.head.forward),
            body=read.encode(),
            raw_id=call.raw_id,
        )
        await self._reach.ask(call, content.holder, request)

    def _open(self, call: Call, route: str, capsule: str, principal: Principal) -> StreamContent:
        try:
            content = open_content(self._runtime.sealer, CapsuleKind.STREAM, route, capsule)
        except BadCapsule as error:
            raise unknown_session() from error
        assert isinstance(content, StreamContent)
        call.stream_capsule = capsule
        if content.principal_tag != principal.tag:
            raise unknown_session()
        return content

"""How a streamable HTTP session of an HTTP+SSE endpoint begins: its stream, then initialize."""

from moorage_gateway.access.principal import Principal
from moorage_gateway.connecting.handshake import negotiated
from moorage_gateway.errors import AnswerTimeout
from moorage_gateway.relaying.affinity import affinity_key
from moorage_gateway.relaying.call import Call
from moorage_gateway.relaying.http_sse.bridged_session import BridgedSession
from moorage_gateway.relaying.http_sse.client_answer import ClientAnswer
from moorage_gateway.relaying.http_sse.holdings import Holdings
from moorage_gateway.relaying.http_sse.reach import Reach
from moorage_gateway.relaying.http_sse.wire_forms import bridged_lines
from moorage_gateway.relaying.places import SessionPlace, begin_somewhere
from moorage_gateway.relaying.runtime import Runtime
from moorage_gateway.relaying.sessions import client_line
from moorage_gateway.routing.moorings import unknown_session
from moorage_wire.capsules import SessionContent, compress_initialize_params
from moorage_wire.jsonrpc import Message

RawHeaders = tuple[tuple[bytes, bytes], ...]


class BridgeOpening:
    """Opens sessions; their ids name this replica."""

    def __init__(self, runtime: Runtime, holdings: Holdings, reach: Reach) -> None:
        self._runtime = runtime
        self._holdings = holdings
        self._reach = reach

    async def open(
        self, call: Call, message: Message, principal: Principal, raw_headers: RawHeaders
    ) -> None:
        """Answer ``initialize``; raises GatewayError while nothing was written."""
        assert call.group is not None
        key = affinity_key(call.group.rules.sessions.affinity, raw_headers, principal)
        await begin_somewhere(
            call.group, key, lambda place: self._open_at(call, place, message, principal)
        )

    async def _open_at(
        self, call: Call, place: SessionPlace, message: Message, principal: Principal
    ) -> None:
        assert call.route is not None
        booked = call.endpoint = place.booked
        session = self._holdings.hold_session(call.route.path, booked, principal.tag)
        is_live = False
        try:
            lines = bridged_lines(call.head.forward)
            await session.open(lines)
            response = await self._response(session, message, lines)
            version = negotiated(response)
            line = b""
            if version is not None:
                line = self._mint(call, session, message, version)
                is_live = True
                place.give_back()
            answer = ClientAnswer(call, line)
            await answer.whole(200, response)
            answer.released()
        finally:
            if not is_live:
                session.close(unknown_session())

    async def _response(self, session: BridgedSession, message: Message, lines: bytes) -> bytes:
        seconds = session.booked.group.rules.answer_seconds
        post = session.ask((message,), lines, events=False)
        try:
            return (await post.outbox.take(seconds))[0]
        except TimeoutError as error:
            raise AnswerTimeout(
                f"the endpoint did not answer initialize within {seconds} s"
            ) from error
        finally:
            session.forget(post)

    def _mint(self, call: Call, session: BridgedSession, message: Message, version: str) -> bytes:
        assert call.route is not None
        params = message.members.get("params", b"{}")
        content = SessionContent(
            endpoint_uid=session.booked.uid,
            upstream_session_id=f"{session.id}@{self._reach.holder}",
            principal_tag=session.principal_tag,
            protocol_version=version,
            minted_at=int(self._runtime.unix_seconds()),
            initialize_params=compress_initialize_params(params) or b"",
        )
        mooring = self._runtime.moorings.mint(call.route.path, content)
        session.live(mooring.session_tag)
        call.mooring = mooring
        return client_line(mooring)

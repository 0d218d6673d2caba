"""HTTP+SSE (2024-11-05): GET opens the one stream, POSTs are answered on it.

The stream is the session: when it ends, by whomever, the session and its process end with it.
"""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from aiohttp import web

from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.refusals import BadRequest, DidNotStart, OutcomeUnknown, Refusal
from moorage_sidecar.serving.accepted_types import not_a_stream_reader, read_accept
from moorage_sidecar.serving.answers import EventAnswer, accepted
from moorage_sidecar.serving.http_server import connection_of
from moorage_sidecar.serving.request_reading import Checked
from moorage_sidecar.sessions.session import Session
from moorage_sidecar.sessions.session_registry import SessionRegistry
from moorage_wire.jsonrpc import Message, MessageKind

MESSAGES_PATH = "/messages"
SESSION_PARAMETER = "sessionId"


@dataclass(frozen=True)
class HttpSseStory:
    """GET of the stream, and POST of the messages that are answered on it."""

    registry: SessionRegistry
    limits: BridgeLimits

    async def get(self, checked: Checked) -> web.StreamResponse:
        """Open a session with its stream; its first event says where to POST."""
        if not read_accept(checked.head.accept).events:
            raise not_a_stream_reader()
        session = self.registry.open(resumable=False)
        try:
            return await self._stream(checked, session)
        finally:
            session.close(OutcomeUnknown("the client's stream ended"))

    async def _stream(self, checked: Checked, session: Session) -> web.StreamResponse:
        outbox = session.board.open_get().outbox
        assert outbox is not None
        events = EventAnswer(checked.http, self.limits)
        with connection_of(checked.http).when_lost(outbox.close):
            await events.open()
            endpoint = f"{MESSAGES_PATH}?{SESSION_PARAMETER}={session.id}"
            await events.event(b"endpoint", endpoint.encode())
            await events.relay(outbox)
            return await events.end()

    async def post(
        self, checked: Checked, body: Message | tuple[Message, ...]
    ) -> web.StreamResponse:
        """Give one message to the session's server."""
        session = self._find(checked)
        if isinstance(body, tuple):
            raise BadRequest(
                "BatchNotAllowed",
                "HTTP+SSE has no batches",
                "send each message in a POST of its own",
            )
        if not session.is_started:
            await self._start(session, body)
        self._ask(session, body)
        return accepted()

    def _find(self, checked: Checked) -> Session:
        _, _, query = checked.http.path_qs.partition("?")
        ids = [value for name, value in parse_qsl(query) if name == SESSION_PARAMETER]
        if len(ids) != 1:
            raise BadRequest(
                "SessionIdMissing",
                "this URI names no session, or several",
                "POST to the URI that the stream's `endpoint` event gave",
            )
        return self.registry.find(ids[0], resumable=False)

    async def _start(self, session: Session, message: Message) -> None:
        if message.method != "initialize" or message.id is None:
            raise BadRequest(
                "NotInitialized", "the first message of a session is initialize", "begin with it"
            )
        try:
            await session.start()
        except DidNotStart as refusal:
            session.board.refuse_on_get(message, refusal)
            session.close(refusal)

    def _ask(self, session: Session, message: Message) -> None:
        """The caller reads the stream, so refusals of its requests go there as well."""
        if session.closed:
            return
        try:
            session.ask_on_get((message,))
        except Refusal as refusal:
            if message.kind is not MessageKind.REQUEST:
                raise
            session.board.refuse_on_get(message, refusal)

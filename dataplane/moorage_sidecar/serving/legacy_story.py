"""Streamable HTTP of 2025-03-26, 2025-06-18 and 2025-11-25 in front of one process per session."""

import asyncio
from dataclasses import dataclass

from aiohttp import web

from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.outbox import Delivery, Outbox
from moorage_sidecar.refusals import BadRequest, DidNotStart, OutcomeUnknown, Refusal
from moorage_sidecar.serving.accepted_types import AcceptedTypes, not_a_stream_reader, read_accept
from moorage_sidecar.serving.answers import (
    SESSION_HEADER,
    EventAnswer,
    accepted,
    json_answer,
)
from moorage_sidecar.serving.http_server import connection_of
from moorage_sidecar.serving.request_reading import Checked
from moorage_sidecar.sessions.event_stream import EventStream
from moorage_sidecar.sessions.session import Session
from moorage_sidecar.sessions.session_registry import SessionRegistry
from moorage_wire.eras import LEGACY_VERSIONS, allows_batches
from moorage_wire.jsonrpc import Message

Messages = tuple[Message, ...]


@dataclass(frozen=True)
class LegacyStory:
    """POST, GET and DELETE of the MCP endpoint."""

    registry: SessionRegistry
    limits: BridgeLimits
    program: str

    async def post(self, checked: Checked, body: Message | Messages) -> web.StreamResponse:
        """Open a session, or give its messages to its server and answer with what comes."""
        accepts = read_accept(checked.head.accept)
        if isinstance(body, Message) and body.method == "initialize" and body.id is not None:
            return await self._initialize(checked, body, accepts)
        session = self._find(checked)
        messages = _messages_of(body, session)
        stream = session.ask(messages, carries_events=accepts.events)
        if stream is None:
            return accepted()
        is_batch = isinstance(body, tuple)
        return await self._answer(checked, session, stream, accepts, is_batch=is_batch)

    async def get(self, checked: Checked) -> web.StreamResponse:
        """Open the session's GET stream, or go on with a stream that broke."""
        if not read_accept(checked.head.accept).events:
            raise not_a_stream_reader()
        session = self._find(checked)
        event_id = checked.head.last_event_id
        stream = session.board.resume(event_id) if event_id else session.board.open_get()
        return await self._stream(checked, session, stream, is_new=not event_id)

    async def delete(self, checked: Checked) -> web.StreamResponse:
        """End the session and its process."""
        self._find(checked).close(OutcomeUnknown("the client ended the session"))
        return web.Response(status=200)

    # ---- opening ---------------------------------------------------------------------------

    async def _initialize(
        self, checked: Checked, message: Message, accepts: AcceptedTypes
    ) -> web.StreamResponse:
        if checked.head.session_id is not None:
            raise BadRequest(
                "SessionIdOnInitialize",
                "session ids are given by the bridge",
                "send initialize without Mcp-Session-Id",
            )
        session = self.registry.open(resumable=True)
        try:
            answer = await self._first_answer(checked, session, message)
        except (Refusal, ConnectionError, asyncio.CancelledError) as error:
            session.close(_reason(error))
            raise
        if session.version is None:
            session.close(OutcomeUnknown("the server refused to initialize"))
            return await self._whole(checked, answer, accepts, {})
        return await self._whole(checked, answer, accepts, {SESSION_HEADER: session.id})

    async def _first_answer(self, checked: Checked, session: Session, message: Message) -> bytes:
        """The answer to ``initialize``; a client that leaves meanwhile never learns the id."""
        await session.start()
        stream = session.ask((message,), carries_events=False)
        outbox = _outbox_of(stream)
        with connection_of(checked.http).when_lost(outbox.close):
            try:
                delivery = await outbox.get(self.limits.start_seconds)
            except TimeoutError:
                how = f"no answer to initialize within {self.limits.start_seconds:g} s"
                raise DidNotStart(self.program, how) from None
        if delivery is None:
            raise ConnectionResetError("the client left before the session was open")
        return delivery.message

    async def _whole(
        self, checked: Checked, answer: bytes, accepts: AcceptedTypes, headers: dict[str, str]
    ) -> web.StreamResponse:
        if accepts.json:
            return json_answer(answer, headers=headers)
        events = EventAnswer(checked.http, self.limits)
        await events.open(headers)
        await events.send(Delivery(answer))
        return await events.end()

    # ---- answering -------------------------------------------------------------------------

    def _find(self, checked: Checked) -> Session:
        head = checked.head
        if head.protocol_version is not None and head.protocol_version not in LEGACY_VERSIONS:
            raise BadRequest(
                "UnknownVersion",
                "MCP-Protocol-Version is none that this bridge knows",
                f"use one of {', '.join(LEGACY_VERSIONS)}",
            )
        if head.session_id is None:
            raise BadRequest(
                "SessionIdMissing",
                "this request needs a session id",
                "send Mcp-Session-Id as it came with the answer to initialize",
            )
        return self.registry.find(head.session_id, resumable=True)

    async def _answer(
        self,
        checked: Checked,
        session: Session,
        stream: EventStream,
        accepts: AcceptedTypes,
        *,
        is_batch: bool,
    ) -> web.StreamResponse:
        if not accepts.events:
            return await self._collect(checked, session, stream, is_batch=is_batch)
        if not accepts.json or is_batch:
            return await self._stream(checked, session, stream, is_new=True)
        return await self._answer_shortly(checked, session, stream)

    async def _answer_shortly(
        self, checked: Checked, session: Session, stream: EventStream
    ) -> web.StreamResponse:
        """JSON if the answer is the first thing that comes, and comes soon; else a stream."""
        outbox = _outbox_of(stream)
        with connection_of(checked.http).when_lost(outbox.close):
            try:
                first = await outbox.get(self.limits.commit_seconds)
            except TimeoutError:
                first = None
        if first is not None and first.is_answer:
            session.detach(stream, outbox)
            session.board.forget_events(stream)
            return json_answer(first.message)
        return await self._stream(checked, session, stream, is_new=True, first=first)

    async def _collect(
        self, checked: Checked, session: Session, stream: EventStream, *, is_batch: bool
    ) -> web.StreamResponse:
        """All answers as one JSON document, for clients that read nothing else."""
        outbox = _outbox_of(stream)
        answers: list[bytes] = []
        with connection_of(checked.http).when_lost(outbox.close):
            while delivery := await outbox.get():
                answers.append(delivery.message)
        session.detach(stream, outbox)
        if not answers:
            raise ConnectionResetError("the client left before its answer came")
        return json_answer(b"[" + b",".join(answers) + b"]" if is_batch else answers[0])

    async def _stream(
        self,
        checked: Checked,
        session: Session,
        stream: EventStream,
        *,
        is_new: bool,
        first: Delivery | None = None,
    ) -> web.StreamResponse:
        """Everything that comes on the stream, as events with ids."""
        outbox = _outbox_of(stream)
        events = EventAnswer(checked.http, self.limits)
        with connection_of(checked.http).when_lost(outbox.close):
            try:
                await events.open()
                if is_new and session.primes_streams and stream.priming_id:
                    await events.prime(stream.priming_id)
                if first is not None:
                    await events.send(first)
                await events.relay(outbox)
                return await events.end()
            finally:
                session.detach(stream, outbox)


def _messages_of(body: Message | Messages, session: Session) -> Messages:
    if isinstance(body, Message):
        return (body,)
    if session.version is None or not allows_batches(session.version):
        raise BadRequest(
            "BatchNotAllowed",
            f"version {session.version} has no batches",
            "send each message in a POST of its own",
        )
    if any(message.method == "initialize" for message in body):
        raise BadRequest(
            "InitializeInBatch", "initialize must not be part of a batch", "send it alone"
        )
    return body


def _outbox_of(stream: EventStream | None) -> Outbox:
    if stream is None or stream.outbox is None:
        raise AssertionError("a stream that was just opened has an outbox")
    return stream.outbox


def _reason(error: BaseException) -> Refusal:
    if isinstance(error, Refusal):
        return error
    return OutcomeUnknown("the client left before the session was open")

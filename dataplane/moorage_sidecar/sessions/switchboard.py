"""Brings a server's messages to the streams of one session, and keeps what a client misses."""

from collections.abc import Sequence
from typing import Final

from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.outbox import Delivery, Outbox, ReaderStalled
from moorage_sidecar.refusals import BadRequest, Refusal
from moorage_sidecar.sessions.call_book import Call, CallBook
from moorage_sidecar.sessions.event_stream import EventStream, HeldMessages
from moorage_sidecar.sessions.replay_log import EventPosition, ReplayLog, read_event_id
from moorage_sidecar.sessions.stream_choice import (
    GET_STREAM,
    Drop,
    Hold,
    OpenStreams,
    ToStream,
    choose_stream,
)
from moorage_wire.jsonrpc import Message, MessageKind

TOO_MUCH_HELD: Final = "no stream is open and too many messages wait already"
READER_STALLED: Final = "the client does not read its stream; its connection is closed"


class Switchboard:
    """The streams of one session. ``resumable`` streams give their events ids and keep them."""

    def __init__(self, limits: BridgeLimits, *, resumable: bool) -> None:
        self._limits = limits
        self.is_resumable = resumable
        self._streams: dict[int, EventStream] = {}
        self._last_post = GET_STREAM
        self._log = ReplayLog(limits.replay_events, limits.replay_bytes)
        self._held = HeldMessages(limits)
        self.calls = CallBook(limits.max_calls)

    # ---- streams ---------------------------------------------------------------------------

    @property
    def attached(self) -> int:
        """How many streams have a connection."""
        return sum(stream.outbox is not None for stream in self._streams.values())

    @property
    def can_ask(self) -> bool:
        """Whether a question of the server reaches the client now."""
        return any(s.carries_events and s.outbox is not None for s in self._streams.values())

    def open_post(
        self, requests: Sequence[Message], now: float, *, carries_events: bool
    ) -> EventStream:
        """A stream for the answers to these requests. Raises ``BadRequest`` or ``TooMany``."""
        number = self._last_post + 1
        self._await(requests, number, now)
        self._last_post = number
        return self._attach(self._new_stream(number, carries_events, len(requests)))

    def open_get(self) -> EventStream:
        """The one GET stream; a second one is refused, it would take the first one's messages."""
        if GET_STREAM in self._streams:
            raise BadRequest(
                "SecondGetStream",
                "this session has its GET stream open",
                "close it first, or resume it with Last-Event-ID",
                status=409,
            )
        return self._attach(self._new_stream(GET_STREAM))

    def resume(self, event_id: bytes) -> EventStream:
        """The stream that this event id belongs to, from the next event on.

        An id that this session never gave opens a fresh GET stream. A stream whose old connection
        still seems open changes over: who knows its newest event is the one who reads it.
        """
        position = read_event_id(event_id)
        if position is None or not self._has_given(position):
            return self.open_get()
        replay = self._log.after(position)
        stream = self._stream_to_resume(position, is_empty=not replay)
        self._attach(stream, replay)
        if stream.number not in self._streams and stream.outbox is not None:
            stream.outbox.close()
        return stream

    def await_on_get(self, requests: Sequence[Message], now: float) -> None:
        """Await answers on the GET stream, as HTTP+SSE does."""
        self._await(requests, GET_STREAM, now)

    def abandon(self, requests: Sequence[Message]) -> None:
        """The requests never reached the server: nobody waits for their answers."""
        for request in requests:
            call = self.calls.close(request.id)
            if call is not None and call.stream != GET_STREAM:
                self._streams.pop(call.stream, None)

    def detach(self, stream: EventStream, outbox: Outbox) -> bool:
        """A connection is gone; whether its stream has lost its only one."""
        outbox.close()
        if stream.outbox is not outbox:
            return False
        stream.outbox = None
        if stream.is_get:
            self._streams.pop(GET_STREAM, None)
        return True

    def forget_events(self, stream: EventStream) -> None:
        """Its client has everything that was recorded of the stream."""
        self._log.forget(stream.number)

    def refuse_on_get(self, request: Message, refusal: Refusal) -> None:
        """Tell on the GET stream why a request was not given to the server."""
        stream = self._streams.get(GET_STREAM)
        if stream is not None and stream.outbox is not None:
            stream.outbox.put_now(Delivery(refusal.answer(request.id), None, is_answer=True))

    def close(self, refusal: Refusal) -> None:
        """The session is over: every caller is told why, and every stream ends."""
        for call in self.calls.close_all():
            self.answer(call, refusal)
        for stream in list(self._streams.values()):
            self._complete(stream)

    # ---- messages --------------------------------------------------------------------------

    async def deliver(self, message: Message, now: float) -> str | None:
        """Bring one server message to its stream; a reason if it was dropped instead."""
        if message.kind is not MessageKind.REQUEST:
            return await self._place(message, now)
        self.calls.question(message, now)
        reason = await self._place(message, now)
        if reason is not None:
            self.calls.unasked(message.id)
        return reason

    async def _place(self, message: Message, now: float) -> str | None:
        match choose_stream(message, self._open_streams()):
            case ToStream(number):
                return await self._put(self._streams[number], message, now)
            case Hold():
                return None if self._held.keep(message) else TOO_MUCH_HELD
            case Drop(reason):
                return reason

    def answer(self, call: Call, refusal: Refusal) -> None:
        """Answer a call in the server's place, without waiting for a slow client."""
        if stream := self._streams.get(call.stream):
            delivery = self._record(stream, refusal.answer(call.raw_id), is_answer=True)
            if stream.outbox is not None:
                stream.outbox.put_now(delivery)
            self._count_answer(stream)

    async def _put(self, stream: EventStream, message: Message, now: float) -> str | None:
        is_answer = message.kind is MessageKind.RESPONSE
        if is_answer:
            self.calls.close(message.id)
        self.calls.hear(stream.number, now)
        delivery = self._record(stream, message.encode(), is_answer=is_answer)
        problem = await self._hand_over(stream.outbox, delivery)
        if is_answer:
            self._count_answer(stream)
        return problem

    async def _hand_over(self, outbox: Outbox | None, delivery: Delivery) -> str | None:
        if outbox is None:
            return None if delivery.event_id else "the client went away before the answer came"
        try:
            await outbox.put(delivery)
        except ReaderStalled:
            outbox.close()
            return READER_STALLED
        return None

    def _record(self, stream: EventStream, wire: bytes, *, is_answer: bool) -> Delivery:
        if self.is_resumable and stream.carries_events:
            return self._log.record(stream.number, wire, is_answer=is_answer)
        return Delivery(wire, None, is_answer)

    def _count_answer(self, stream: EventStream) -> None:
        stream.awaiting -= 1
        if stream.awaiting == 0 and not stream.is_get:
            self._complete(stream)

    # ---- bookkeeping -----------------------------------------------------------------------

    def _open_streams(self) -> OpenStreams:
        return OpenStreams(
            calls=self.calls.stream_of_id,
            progress=self._progress_streams(),
            get_is_open=GET_STREAM in self._streams,
            posts=[s.number for s in self._streams.values() if _carries_post(s)],
        )

    def _progress_streams(self) -> dict[bytes, int]:
        return {
            token: number
            for token, number in self.calls.stream_of_progress.items()
            if number in self._streams and self._streams[number].carries_events
        }

    def _await(self, requests: Sequence[Message], number: int, now: float) -> None:
        opened: list[Message] = []
        try:
            for request in requests:
                self.calls.open(request, number, now)
                opened.append(request)
        except Refusal:
            for request in opened:
                self.calls.close(request.id)
            raise

    def _attach(self, stream: EventStream, replay: Sequence[Delivery] = ()) -> EventStream:
        if stream.outbox is not None:
            stream.outbox.close()
        stream.outbox = Outbox(self._limits.stream_queue_bytes, self._limits.write_stall_seconds)
        for delivery in replay:
            stream.outbox.put_now(delivery)
        if stream.carries_events:
            self._flush_held(stream, stream.outbox)
        return stream

    def _flush_held(self, stream: EventStream, outbox: Outbox) -> None:
        for message in self._held.take_all():
            outbox.put_now(self._record(stream, message.encode(), is_answer=False))

    def _stream_to_resume(self, position: EventPosition, *, is_empty: bool) -> EventStream:
        if stream := self._streams.get(position.stream):
            return stream
        if position.stream == GET_STREAM:
            return self._new_stream(GET_STREAM)
        if is_empty:
            raise BadRequest(
                "EventsGone",
                "what followed this Last-Event-ID is no longer kept; its call has ended",
                "make the call anew, after checking its effect",
            )
        return EventStream(position.stream, carries_events=True)

    def _new_stream(
        self, number: int, carries_events: bool = True, awaiting: int = 0
    ) -> EventStream:
        stream = EventStream(number, carries_events, awaiting)
        if self.is_resumable and carries_events:
            stream.priming_id = self._log.next_id(number)
        self._streams[number] = stream
        return stream

    def _has_given(self, position: EventPosition) -> bool:
        return position.stream <= self._last_post and self._log.has_issued(position)

    def _complete(self, stream: EventStream) -> None:
        self._streams.pop(stream.number, None)
        if stream.outbox is not None:
            stream.outbox.close()


def _carries_post(stream: EventStream) -> bool:
    return not stream.is_get and stream.carries_events and stream.outbox is not None

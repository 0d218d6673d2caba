"""Relays one answer from its endpoint to its client, callback to callback.

Each segment of events is on the client's socket before the next one is read. Another body goes
out as one write while it is small, so that one which breaks off is told as what it is. What the
gateway adds goes only between events.
"""

import asyncio

from moorage_gateway.connecting.upstream_connection import UpstreamConnection
from moorage_gateway.errors import BadAnswer, GatewayError, OutcomeUnknown, UpstreamError
from moorage_gateway.refusals import body_of
from moorage_gateway.relaying.answer_head import streamed_head, whole_head
from moorage_gateway.relaying.answer_id import ResponseWatch, require_answer_to
from moorage_gateway.relaying.breaking_off import BrokenOff, failure_of
from moorage_gateway.relaying.call import Call
from moorage_gateway.relaying.group_key import key_refusal
from moorage_gateway.relaying.passages.passage import Passage
from moorage_gateway.routing.endpoint_book import BookedEndpoint
from moorage_wire.capsules import CapsuleTooLarge
from moorage_wire.heads import AnswerHead, HeadRefusal
from moorage_wire.sse import EventTooLarge, encode_comment, encode_event

WATCHED_EVENT_BYTES = 2 * 1024 * 1024
"""Above what a passage lets through, so that the watch never breaks an answer off."""
WHOLE_BODY_BYTES = 64 * 1024
"""A JSON body up to this size is whole before anything of it goes out."""
FAREWELL = b"retry: 1000\n\n"
"""Ends a GET stream: official clients try twice to reconnect, and this delay lets another replica
be found."""
_BREAKING_OFF = (BrokenOff, EventTooLarge, CapsuleTooLarge, UpstreamError)
"""What a passage raises when it can let no more out."""


class AnswerRelay:
    """The AnswerSink of one request. ``done`` is set when the client has all it will get."""

    __slots__ = (
        "_awaited",
        "_body",
        "_body_bytes",
        "_call",
        "_connection",
        "_final",
        "_head",
        "_is_stream",
        "_passage",
        "_watch",
        "_written",
        "deadline",
        "done",
        "ended",
        "failure",
        "silence_seconds",
    )

    def __init__(
        self,
        call: Call,
        passage: Passage,
        connection: UpstreamConnection,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._call = call
        self._passage = passage
        self._connection = connection
        self._head: AnswerHead | None = None
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._awaited = passage.answers
        self._watch: ResponseWatch | None = None
        self._is_stream = False
        self._written = False
        self._final = False
        self.ended = False
        self.failure: UpstreamError | None = None
        """What the client was told in its stream; ``done`` is no failure then."""
        self.deadline = 0.0
        self.silence_seconds = 0.0
        self.done: asyncio.Future[None] = loop.create_future()

    @property
    def written(self) -> bool:
        """True once the client has got the head."""
        return self._written

    @property
    def endpoint(self) -> BookedEndpoint | None:
        """Whose answer it is."""
        return self._call.endpoint

    @property
    def is_get_stream(self) -> bool:
        """True for a session's own stream, which may be silent for ever."""
        return self._call.method == "stream"

    # AnswerSink

    def answer_started(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        try:
            head = self._connection.answer_head()
        except HeadRefusal as error:
            self._break_off(BadAnswer(f"the endpoint's head is not acceptable: {error.reason}"))
            return
        if 300 <= status < 400 or status > 599:
            # A client that followed a redirect would take its session past the gateway.
            self._break_off(BadAnswer(f"the endpoint answered with HTTP status {status}"))
            return
        refused = key_refusal(self._call.group, status)
        if refused is not None:
            self._break_off(refused)
            return
        self._head = head
        self._call.status = status
        self._is_stream = head.is_event_stream
        if self._is_stream and self._awaited is not None and status == 200:
            self._watch = ResponseWatch(self._awaited, WATCHED_EVENT_BYTES)
        self._passage.started(status, head)

    def answer_received(self, chunk: bytes) -> None:
        if self.ended:
            return
        try:
            out = self._passage.feed(chunk)
        except _BREAKING_OFF as error:
            self._spoilt(error)
        else:
            self._keep(out)

    def segment_ended(self) -> None:
        if self.ended:
            return
        self._restart_silence()
        if self._written:
            self._write_collected()
        elif self._head is None or self._passage.holding:
            return
        elif self._is_stream or self._body_bytes > WHOLE_BODY_BYTES:
            self._write_begun()

    def answer_ended(self) -> None:
        if self.ended:
            return
        try:
            self._keep(self._passage.finish())
        except _BREAKING_OFF as error:
            self._spoilt(error)
            return
        if self._is_stream and self._is_unanswered():
            self._break_off(OutcomeUnknown("the endpoint ended its stream without an answer"))
        elif self._written:
            self._end_written()
        else:
            self._end_whole()

    def _end_written(self) -> None:
        self._write_collected()
        self._write(b"0\r\n\r\n" if self._call.http11 else b"")
        self._end(keep_alive=self._call.http11)

    def _end_whole(self) -> None:
        body = self._collected()
        try:
            if self._awaited is not None and self._has_json():
                require_answer_to(self._awaited, body)
        except UpstreamError as error:
            self._break_off(error)
        else:
            self._write_whole(body)
            self._end(keep_alive=True)

    def _has_json(self) -> bool:
        assert self._head is not None
        content_type = self._head.content_type or b""
        return self._call.status == 200 and content_type.startswith(b"application/json")

    def _is_unanswered(self) -> bool:
        """True where a client would wait for ever: the stream holds no response to its request."""
        return self._watch is not None and not self._watch.seen and not self._resumable()

    def answer_failed(self, failure: UpstreamError) -> None:
        if self.ended:
            return
        if self._is_stream and self._body and not self._passage.holding:
            self._write_collected() if self._written else self._write_begun()
        if self._written:
            self._fail_written(failure)
        else:
            self._finish_with(failure)

    def _restart_silence(self) -> None:
        if self.silence_seconds:
            self.deadline = asyncio.get_running_loop().time() + self.silence_seconds

    def _spoilt(self, error: BrokenOff | EventTooLarge | CapsuleTooLarge | UpstreamError) -> None:
        """The passage broke the answer off; what it let out before goes out before."""
        if isinstance(error, BrokenOff):
            self._keep(error.before)
            self._break_off(error.failure)
            return
        if isinstance(error, EventTooLarge):
            self._keep(error.before)
        self._break_off(failure_of(error))

    def _keep(self, out: bytes) -> None:
        if out:
            self._body.append(out)
            self._body_bytes += len(out)
            if self._watch is not None:
                self._watch.feed(out)
                self._call.answered = self._watch.seen

    # Feeder

    def probe(self) -> bool:
        if self.is_get_stream or self._resumable():
            return False
        self.keep_alive(encode_comment(b""))
        return True

    def client_paused(self) -> None:
        if not self.ended:
            self.deadline = float("inf")  # while nothing is read, silence is the client's
            self._connection.pause()

    def client_resumed(self) -> None:
        if not self.ended:
            self._restart_silence()
            self._connection.resume()

    # how it ends

    def abort(self) -> None:
        """The client is gone: the endpoint shall notice at once."""
        if not self.ended:
            self.ended = True
            self._connection.abort()

    def time_out(self, failure: UpstreamError) -> None:
        """The endpoint was silent for too long, or the gateway cannot wait any longer."""
        self._break_off(failure)

    def take_away(self, failure: UpstreamError) -> None:
        """The endpoint may not be used any more: nothing could resume this answer."""
        self._final = True
        self._break_off(failure)

    def refuse(self, refusal: GatewayError) -> None:
        """End an exchange of which the client has got nothing."""
        if not (self.ended or self._written):
            self._connection.abort()
            self._finish_with(refusal)

    def wait_for_ever(self) -> None:
        """From here on the endpoint may be silent for as long as it likes."""
        self.silence_seconds, self.deadline = 0.0, float("inf")

    def keep_alive(self, comment: bytes) -> None:
        """Write a comment between two events, so that a client that is gone is noticed."""
        if not self.ended and self._written and self._is_stream and self._passage.at_boundary:
            self._write(self._chunk(comment))

    def close_stream(self, farewell: bytes) -> bool:
        """End a written event stream with ``farewell``; False while an event is half out."""
        if self.ended or not (self._written and self._is_stream and self._passage.at_boundary):
            return False
        self._write(self._chunk(farewell))
        self._write(b"0\r\n\r\n" if self._call.http11 else b"")
        self._connection.abort()
        self._end(keep_alive=False)
        return True

    def _break_off(self, failure: UpstreamError) -> None:
        if not self.ended:
            self._connection.abort()
            self.answer_failed(failure)

    def _fail_written(self, failure: UpstreamError) -> None:
        call = self._call
        if self._watch is not None and self._watch.seen:
            # The caller has its answer; how the stream behind it ends is no failure of the call.
            if not self.close_stream(b"") and call.client.transport is not None:
                call.client.transport.abort()
                self._end(keep_alive=False)
            return
        self.failure = failure
        call.outcome, call.reason = "outcome_unknown", failure.reason
        event = (
            b""
            if call.raw_id is None
            else encode_event(body_of(failure, call.raw_id), event=b"message")
        )
        if event and not self._resumable() and self.close_stream(event):
            return
        if self._is_session() and self.close_stream(b""):
            return
        if call.client.transport is not None:
            call.client.transport.abort()
        self._end(keep_alive=False)

    def _resumable(self) -> bool:
        return not self._final and bool(getattr(self._passage, "last_id_seen", False))

    def _is_session(self) -> bool:
        """True where the stream is the session (HTTP+SSE): its end says all there is to say."""
        return bool(getattr(self._passage, "is_session", False))

    def _finish_with(self, failure: GatewayError) -> None:
        self.ended = True
        if not self.done.done():
            self.done.set_exception(failure)

    def _end(self, *, keep_alive: bool) -> None:
        self.ended = True
        self._call.keep_alive = self._call.keep_alive and keep_alive
        if not self.done.done():
            self.done.set_result(None)

    # writing

    def _write_whole(self, body: bytes) -> None:
        call, head = self._call, self._head
        assert head is not None
        self._written = True
        self._write(
            whole_head(
                call.status,
                head.forward,
                self._passage.session_line + call.cors_lines,
                len(body),
                closing=call.decide_closing(),
            )
            + body
        )

    def _write_begun(self) -> None:
        """The head, and what there is of the body, in one write."""
        call, head = self._call, self._head
        assert head is not None
        self._written = True
        start = streamed_head(
            call.status,
            head.forward,
            self._passage.session_line + call.cors_lines,
            chunked=call.http11,
            closing=call.decide_closing(),
        )
        self._write(start + self._chunk(self._collected()))

    def _write_collected(self) -> None:
        if self._body:
            self._write(self._chunk(self._collected()))

    def _collected(self) -> bytes:
        call, pieces = self._call, self._body
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        call.bytes_out += len(body)
        if self._is_stream:
            call.events += body.count(b"\n\n") + body.count(b"\n\r\n")
        return body

    def _chunk(self, body: bytes) -> bytes:
        """``body`` as one chunk; an empty one would be taken for the end."""
        return b"%x\r\n%b\r\n" % (len(body), body) if body and self._call.http11 else body

    def _write(self, octets: bytes) -> None:
        transport = self._call.client.transport
        if octets and transport is not None:
            transport.write(octets)

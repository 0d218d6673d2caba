"""One request to a streamable HTTP endpoint whose answer is read message by message."""

import asyncio
from collections.abc import Callable

from moorage_gateway.connecting.upstream_connection import UpstreamConnection
from moorage_gateway.errors import AnswerTimeout, BadAnswer, UpstreamError
from moorage_gateway.relaying.group_key import key_refusal
from moorage_gateway.relaying.http_sse.held_bytes import HeldBytes
from moorage_gateway.relaying.runtime import Runtime
from moorage_gateway.routing.endpoint_book import BookedEndpoint
from moorage_wire.heads import AnswerHead, HeadRefusal, read_answer_head
from moorage_wire.sse import EventTooLarge, SseReader

MAX_RETRY_SECONDS = 30.0
FRAMING_BYTES = 64
"""Room for the field names of the event that a JSON answer becomes."""


class MessageExchange:
    """An AnswerSink. ``on_message`` gets each message's bytes, also that of a JSON answer."""

    def __init__(
        self,
        runtime: Runtime,
        booked: BookedEndpoint,
        held: HeldBytes,
        on_message: Callable[["MessageExchange", bytes], None],
    ) -> None:
        self._runtime = runtime
        self._booked = booked
        self._held = held
        self._on_message = on_message
        self._connection: UpstreamConnection | None = None
        self._reader: SseReader | None = None
        self._paused = False
        self._last_heard = 0.0
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.head: AnswerHead | None = None
        self.status = 0
        self._body: list[bytes] = []
        self._body_bytes = 0
        self.events = 0
        self.last_event_id: bytes | None = None
        self.retry_seconds = 1.0

    @property
    def session_id(self) -> str | None:
        """The session id that the endpoint put on its answer."""
        return self.head.session_id if self.head is not None else None

    @property
    def body(self) -> bytes:
        """An answer that is no event stream, as far as it has come."""
        return b"".join(self._body)

    @property
    def refused(self) -> bool:
        """Whether the endpoint answered with an HTTP error."""
        return self.status >= 400

    async def run(
        self,
        request: bytes,
        silence_seconds: float,
        sent: Callable[[], None] = lambda: None,
    ) -> None:
        """Send and read until the answer ends; raises UpstreamError and CapacityError.

        ``silence_seconds`` 0 waits for ever; ``sent`` is called once the request is on its way.
        """
        exchanges, group, uid = self._runtime.exchanges, self._booked.group, self._booked.uid
        group.request_started(uid)
        try:
            await self._connect()
            assert self._connection is not None
            self._connection.send(request, self)
            if self._paused:
                self._connection.pause()
            sent()
            await self._until_done(silence_seconds)
            exchanges.answered(self._booked, self._runtime.loop_seconds())
        except UpstreamError as error:
            exchanges.failed(self._booked, error)
            raise
        finally:
            if not self._done.done():
                self._abort()
            elif not self._done.cancelled():
                self._done.exception()  # seen, even if the caller was cancelled meanwhile
            self._held.give_back(self._body_bytes)
            group.request_ended(uid)

    async def _connect(self) -> None:
        pool, now = self._booked.pool, self._runtime.loop_seconds()
        self._last_heard = now
        self._connection = pool.take_idle(now) or await pool.connect()

    async def _until_done(self, silence_seconds: float) -> None:
        while not self._done.done():
            left_seconds = self._last_heard + silence_seconds - self._runtime.loop_seconds()
            if silence_seconds and left_seconds <= 0 and not self._paused:
                raise AnswerTimeout(
                    f"the endpoint was silent for {silence_seconds:.0f} s; the call may have run",
                    remedy="check its effect before calling again; "
                    "raise timeouts.answerSeconds for slow tools",
                )
            await asyncio.wait(
                [self._done], timeout=max(left_seconds, 0.1) if silence_seconds else None
            )
        self._done.result()

    def pause(self) -> None:
        """The client does not keep up: read no further."""
        self._paused = True
        if self._connection is not None and not self._done.done():
            self._connection.pause()

    def resume(self) -> None:
        """Read on."""
        self._paused = False
        self._last_heard = self._runtime.loop_seconds()
        if self._connection is not None and not self._done.done():
            self._connection.resume()

    # AnswerSink

    def answer_started(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        refused = key_refusal(self._booked.group, status)
        if refused is not None:
            self._break_off(refused)
            return
        self.status = status
        try:
            self.head = read_answer_head(headers)
        except HeadRefusal as error:
            self._break_off(BadAnswer(f"the endpoint's head is not acceptable: {error.reason}"))
            return
        if self.head.is_event_stream:
            self._reader = SseReader(max_event_bytes=self._runtime.limits.event_bytes)

    def answer_received(self, chunk: bytes) -> None:
        if self._done.done():
            return
        try:
            if self._reader is None:
                self._collect(chunk)
            else:
                self._read_events(chunk)
        except EventTooLarge as error:
            self._break_off(BadAnswer(f"the endpoint sent an event over {error.limit_bytes} bytes"))
        except BadAnswer as error:
            self._break_off(error)

    def segment_ended(self) -> None:
        self._last_heard = self._runtime.loop_seconds()

    def answer_ended(self) -> None:
        if self._done.done():
            return
        if self._paused and self._connection is not None:
            self._connection.resume()  # it goes back to the pool
        self._done.set_result(None)
        if self._body and not self.refused:
            self._on_message(self, self.body)

    def answer_failed(self, failure: UpstreamError) -> None:
        if not self._done.done():
            self._done.set_exception(failure)

    def _collect(self, chunk: bytes) -> None:
        limit = self._runtime.limits.event_bytes - FRAMING_BYTES
        if self._body_bytes + len(chunk) > limit:
            raise BadAnswer(
                f"the endpoint's answer is over {limit} bytes, more than one event may carry",
                remedy="use a streamable HTTP client for answers of this size",
            )
        self._held.take(len(chunk))
        self._body_bytes += len(chunk)
        self._body.append(chunk)

    def _read_events(self, chunk: bytes) -> None:
        assert self._reader is not None
        for event in self._reader.feed(chunk):
            self.events += 1
            if event.event_id is not None:
                self.last_event_id = event.event_id or None
            if event.retry_milliseconds is not None:
                self.retry_seconds = min(event.retry_milliseconds / 1000, MAX_RETRY_SECONDS)
            if event.data and event.event in (None, b"", b"message"):
                self._on_message(self, event.data)

    def _break_off(self, failure: UpstreamError) -> None:
        self._abort()
        self.answer_failed(failure)

    def _abort(self) -> None:
        if self._connection is not None:
            self._connection.abort()

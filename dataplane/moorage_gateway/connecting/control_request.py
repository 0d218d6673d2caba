"""Requests of the gateway's own to an endpoint (handshakes, pings): small, whole, timed."""

import asyncio
from dataclasses import dataclass, field

from moorage_gateway.connecting.upstream_pool import UpstreamPool
from moorage_gateway.errors import AnswerTimeout, BadAnswer, UpstreamError
from moorage_wire.sse import EventTooLarge, SseReader

MAX_BODY_BYTES = 1024 * 1024


@dataclass
class ControlAnswer:
    """An AnswerSink that collects; an event stream ends with its first event that has data."""

    done: asyncio.Future[None]
    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""
    complete: bool = False
    _held: bytearray = field(default_factory=bytearray)
    _reader: SseReader | None = None

    def answer_started(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.status = status
        self.headers = {name.lower(): value for name, value in headers}
        if self.headers.get(b"content-type", b"").startswith(b"text/event-stream"):
            self._reader = SseReader(max_event_bytes=MAX_BODY_BYTES)

    def answer_received(self, chunk: bytes) -> None:
        if self._reader is None:
            self._held += chunk
            if len(self._held) > MAX_BODY_BYTES:
                self.answer_failed(BadAnswer(f"the answer is over {MAX_BODY_BYTES} bytes"))
            return
        try:
            events = self._reader.feed(chunk)
        except EventTooLarge as error:
            self.answer_failed(BadAnswer(f"an event is over {error.limit_bytes} bytes"))
            return
        data = next((event.data for event in events if event.data), None)
        if data is not None and not self.done.done():
            self.body = data
            self.done.set_result(None)

    def segment_ended(self) -> None:
        """Nothing waits for single segments here."""

    def answer_ended(self) -> None:
        self.complete = True
        self.body = self.body or bytes(self._held)
        if not self.done.done():
            self.done.set_result(None)

    def answer_failed(self, failure: UpstreamError) -> None:
        if not self.done.done():
            self.done.set_exception(failure)


async def ask(pool: UpstreamPool, request: bytes, timeout_seconds: float) -> ControlAnswer:
    """Send one request and collect its answer; raises UpstreamError."""
    loop = asyncio.get_running_loop()
    connection = pool.take_idle(loop.time()) or await pool.connect()
    answer = ControlAnswer(loop.create_future())
    try:
        async with asyncio.timeout(timeout_seconds):
            connection.send(request, answer)
            await answer.done
    except TimeoutError as error:
        raise AnswerTimeout(f"no answer within {timeout_seconds:g} s") from error
    finally:
        if not answer.complete:
            connection.abort()
    return answer

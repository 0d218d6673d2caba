"""The one stream of an HTTP+SSE endpoint: where to post, then every message it says.

Source: MCP 2024-11-05, ``basic/transports``. The stream is the session; nothing resumes it.
"""

import asyncio
from collections.abc import Callable

from moorage_gateway.connecting.http_sse_endpoint import message_target
from moorage_gateway.connecting.upstream_connection import UpstreamConnection
from moorage_gateway.connecting.upstream_pool import UpstreamPool
from moorage_gateway.errors import AnswerTimeout, BadAnswer, UpstreamError
from moorage_wire.heads import HeadRefusal, read_answer_head
from moorage_wire.sse import EventTooLarge, SseEvent, SseReader

ENDPOINT_EVENT = b"endpoint"
MAX_OPENING_BYTES = 16 * 1024
"""What may come up to the end of the first event."""
_MESSAGE_EVENTS = (None, b"", b"message")
_ACCEPT = b"accept: text/event-stream\r\ncache-control: no-cache\r\n"


class HttpSseStream:
    """An AnswerSink. ``on_message`` gets each message's bytes, ``on_end`` the failure or None."""

    def __init__(
        self,
        endpoint_url: str,
        connection: UpstreamConnection,
        max_event_bytes: int,
        on_message: Callable[[bytes], None],
        on_end: Callable[[UpstreamError | None], None],
    ) -> None:
        self._endpoint_url = endpoint_url
        self._connection = connection
        self._reader = SseReader(max_event_bytes=max_event_bytes)
        self._on_message = on_message
        self._on_end = on_end
        self._opening_bytes = 0
        self.ended = False
        self.target: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def pause(self) -> None:
        """Read no further for now."""
        self._connection.pause()

    def resume(self) -> None:
        """Read on."""
        self._connection.resume()

    def close(self) -> None:
        """End the session: the endpoint shall notice at once."""
        if not self.ended:
            self.ended = True
            self._connection.abort()

    # AnswerSink

    def answer_started(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        try:
            head = read_answer_head(headers)
        except HeadRefusal as error:
            self._break_off(BadAnswer(f"the endpoint's head is not acceptable: {error.reason}"))
            return
        if status != 200 or not head.is_event_stream:
            self._break_off(no_event_stream(status))

    def answer_received(self, chunk: bytes) -> None:
        if self.ended:
            return
        try:
            for event in self._reader.feed(chunk):
                self._take(event)
            self._bound_opening(len(chunk))
        except EventTooLarge as error:
            self._break_off(BadAnswer(f"the endpoint sent an event over {error.limit_bytes} bytes"))
        except BadAnswer as error:
            self._break_off(error)

    def segment_ended(self) -> None:
        """Every event was handed on as it came."""

    def answer_ended(self) -> None:
        self._end(None)

    def answer_failed(self, failure: UpstreamError) -> None:
        self._end(failure)

    def _bound_opening(self, count: int) -> None:
        self._opening_bytes += count
        if not self.target.done() and self._opening_bytes > MAX_OPENING_BYTES:
            raise no_endpoint_event()

    def _take(self, event: SseEvent) -> None:
        if self.ended:
            return
        if not self.target.done():
            if event.event != ENDPOINT_EVENT:
                raise no_endpoint_event()
            self.target.set_result(message_target(self._endpoint_url, event.data))
        elif event.event in _MESSAGE_EVENTS and event.data:
            self._on_message(event.data)

    def _break_off(self, failure: UpstreamError) -> None:
        self._connection.abort()
        self._end(failure)

    def _end(self, failure: UpstreamError | None) -> None:
        if self.ended:
            return
        self.ended = True
        if not self.target.done():
            self.target.set_exception(failure or no_endpoint_event())
        else:
            self._on_end(failure)


async def open_http_sse_stream(
    pool: UpstreamPool,
    forward: bytes,
    timeout_seconds: float,
    max_event_bytes: int,
    on_message: Callable[[bytes], None],
    on_end: Callable[[UpstreamError | None], None],
) -> HttpSseStream:
    """Open an endpoint's stream and wait for its ``endpoint`` event; raises GatewayError.

    ``forward`` are header lines for the endpoint. ``target`` of the result is set.
    """
    # A fresh connection: an idle one may have been closed by its server a moment ago.
    connection = await pool.connect()
    stream = HttpSseStream(pool.url, connection, max_event_bytes, on_message, on_end)
    try:
        connection.send(pool.bodiless(b"GET", forward, _ACCEPT), stream)
        async with asyncio.timeout(timeout_seconds):
            await asyncio.shield(stream.target)
    except BaseException as error:
        # Also when the caller is cancelled after the event came: nobody else could close it.
        stream.close()
        if not stream.target.cancel() and not stream.target.cancelled():
            stream.target.exception()
        if isinstance(error, TimeoutError):
            raise AnswerTimeout(f"no endpoint event within {timeout_seconds:g} s") from error
        raise
    return stream


def no_endpoint_event() -> BadAnswer:
    """What is said of an endpoint whose stream begins with anything else."""
    return BadAnswer(
        "the endpoint's stream does not begin with an endpoint event",
        remedy="check that the server speaks HTTP+SSE (2024-11-05), "
        "or set the source's transport to StreamableHttp",
    )


def no_event_stream(status: int) -> BadAnswer:
    """What is said of an endpoint that answers the opening GET with anything but a stream."""
    return BadAnswer(
        f"the endpoint answered GET with HTTP {status}, not with an event stream",
        remedy="check the path of the server's SSE endpoint (often /sse)",
    )

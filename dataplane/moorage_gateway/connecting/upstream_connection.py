"""One HTTP/1.1 connection to an endpoint: bytes in, callbacks out, no task in between.

Our own client because the library's costs four times as much CPU per call and buffers streams
(docs/decisions/0005-hot-path.md). Strict parser: llhttp without lenient flags, by httptools.
"""

import asyncio
from collections.abc import Callable
from functools import cache, partial
from typing import Protocol, cast

import httptools

from moorage_gateway.errors import BadAnswer, OutcomeUnknown, UpstreamError
from moorage_wire.head_memory import HeadMemory
from moorage_wire.heads import AnswerHead, read_answer_head


class AnswerSink(Protocol):
    """Who takes an answer. Called from the connection's own callbacks, in this order:
    ``answer_started`` once, ``answer_received`` per body piece, ``answer_ended`` or
    ``answer_failed`` once; ``segment_ended`` after each segment read from the socket."""

    def answer_started(self, status: int, headers: list[tuple[bytes, bytes]]) -> None: ...
    def answer_received(self, chunk: bytes) -> None: ...
    def segment_ended(self) -> None: ...
    def answer_ended(self) -> None: ...
    def answer_failed(self, failure: UpstreamError) -> None: ...


_DELIMITING = frozenset((b"content-length", b"transfer-encoding"))


@cache
def _reading(max_header_bytes: int) -> Callable[[list[tuple[bytes, bytes]]], AnswerHead]:
    """One for all connections, which are many."""
    return partial(read_answer_head, max_header_bytes=max_header_bytes)


class UpstreamConnection(asyncio.Protocol):
    """Carries one exchange at a time; ``on_reusable`` gets it back, ``on_lost`` hears its end."""

    __slots__ = (
        "_answering",
        "_body_seen",
        "_delimited",
        "_framing_bytes",
        "_head_bytes",
        "_head_limit",
        "_headers",
        "_heads",
        "_informational",
        "_on_lost",
        "_on_reusable",
        "_parser",
        "_paused",
        "_sink",
        "_status",
        "idle_since",
        "transport",
    )

    def __init__(
        self,
        head_limit: int,
        on_reusable: Callable[["UpstreamConnection"], None],
        on_lost: Callable[["UpstreamConnection"], None],
    ) -> None:
        self._head_limit = head_limit
        self._on_reusable = on_reusable
        self._on_lost = on_lost
        self._parser: httptools.HttpResponseParser | None = None
        self._sink: AnswerSink | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._heads = HeadMemory(_reading(head_limit))
        self._head_bytes = 0
        self._status = 0
        self._answering = False
        self._body_seen = False
        self._framing_bytes = 0
        self._delimited = False
        self._informational = False
        self._paused = False
        self.transport: asyncio.Transport | None = None
        self.idle_since = 0.0

    def send(self, request: bytes, sink: AnswerSink) -> None:
        """Send one whole request; its answer goes to ``sink``."""
        assert self.transport is not None and self._sink is None
        self._sink = sink
        self._head_bytes = self._framing_bytes = 0
        self.transport.write(request)

    def answer_head(self) -> AnswerHead:
        """The checked head of the answer that has started; raises HeadRefusal."""
        head = self._heads.read(self._headers)
        if head.is_event_stream:  # it may last for hours, and shall hold as little as it can
            self._heads.forget()
            self._headers = []
        return head

    def abort(self) -> None:
        """End the exchange now: its caller is gone, the endpoint shall notice."""
        self._sink = None
        if self.transport is not None:
            self.transport.abort()

    def pause(self) -> None:
        """Stop reading: the client does not keep up."""
        if self.transport is not None:
            self._paused = True
            self.transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._paused and self.transport is not None:
            self._paused = False
            self.transport.resume_reading()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        # At 0 uvloop writes at once instead of at the end of the loop's turn.
        self.transport.set_write_buffer_limits(0)
        self._parser = httptools.HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        sink = self._sink
        if sink is None:
            self._close()
            return
        if not self._answering:
            self._head_bytes += len(data)
        self._body_seen = False
        try:
            assert self._parser is not None
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            # A defect of ours, not the endpoint's: no caller may be left waiting for it.
            self._sink = sink
            self._fail(OutcomeUnknown("the gateway failed on this answer", reason="InternalError"))
            raise error.__context__ or error from None
        except httptools.HttpParserUpgrade:
            self._fail(BadAnswer("the endpoint switched protocols unasked"))
            return
        except httptools.HttpParserError as error:
            self._fail(BadAnswer(f"the endpoint sent no valid HTTP answer ({error})"))
            return
        if not self._answering and self._head_bytes > self._head_limit and self._sink is sink:
            self._fail(BadAnswer(f"the endpoint's head is over {self._head_limit} bytes"))
            return
        if self._answering and not self._body_seen:
            self._count_framing(len(data))
        sink.segment_ended()

    def _count_framing(self, count: int) -> None:
        """Chunk extensions and trailers are for nobody: endless ones end the answer.

        Counted since the last piece of body, for the parser holds a field until it is whole; an
        honest stream whose chunk sizes come in segments of their own may go on for ever.
        """
        self._framing_bytes += count
        if self._framing_bytes > self._head_limit:
            self._fail(BadAnswer(f"the endpoint sent {self._head_limit} bytes that are no body"))

    def eof_received(self) -> None:
        """The transport closes itself after this; ``connection_lost`` tells the sink."""

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._parser = None
        sink, self._sink = self._sink, None
        if sink is not None:
            if self._answering and not self._delimited and exc is None:
                sink.answer_ended()
            else:
                sink.answer_failed(
                    OutcomeUnknown("the endpoint closed the connection before its answer was whole")
                )
        self._on_lost(self)

    # httptools

    def on_message_begin(self) -> None:
        self._headers = []
        self._delimited = False
        if self._sink is None:
            self._close()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._answering:
            return  # a trailer: nobody reads it (RFC 9110, 6.5.1)
        self._headers.append((name, value))
        if name.lower() in _DELIMITING:
            self._delimited = True

    def on_headers_complete(self) -> None:
        assert self._parser is not None
        self._status = status = self._parser.get_status_code()
        self._informational = status < 200
        sink = self._sink
        if sink is None or self._informational:
            return
        if status in (204, 304):
            self._delimited = True
        self._answering = True
        sink.answer_started(status, self._headers)

    def on_body(self, chunk: bytes) -> None:
        self._body_seen = True
        self._framing_bytes = 0
        if self._sink is not None:
            self._sink.answer_received(chunk)

    def on_message_complete(self) -> None:
        if self._informational:
            return
        sink, self._sink = self._sink, None
        self._answering = False
        if sink is None:
            return
        assert self._parser is not None
        reusable = self._delimited and self._parser.should_keep_alive()
        sink.answer_ended()
        self.resume()  # the next request is another client's
        if reusable and self.transport is not None and not self.transport.is_closing():
            self._on_reusable(self)
        else:
            self._close()

    def _fail(self, failure: UpstreamError) -> None:
        sink, self._sink = self._sink, None
        if self.transport is not None:
            self.transport.abort()
        if sink is not None:
            sink.answer_failed(failure)

    def _close(self) -> None:
        if self.transport is not None:
            self.transport.close()

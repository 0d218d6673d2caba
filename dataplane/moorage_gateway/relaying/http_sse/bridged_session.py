"""One streamable HTTP session of an HTTP+SSE endpoint: its stream, held by this replica.

What the client posts is posted to the endpoint; what the endpoint says goes to the POST that
waits for it, else to the client's GET stream, else it waits for one.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from moorage_gateway.connecting.control_request import ask
from moorage_gateway.connecting.handshake import HANDSHAKE_SECONDS
from moorage_gateway.connecting.http_sse_stream import HttpSseStream, open_http_sse_stream
from moorage_gateway.errors import (
    GatewayError,
    MalformedRequest,
    OutcomeUnknown,
    UpstreamError,
)
from moorage_gateway.relaying.http_sse.outbox import MAX_BYTES, MAX_MESSAGES, Outbox
from moorage_gateway.relaying.http_sse.stream_refusals import (
    already_listening,
    refused_by_endpoint,
)
from moorage_gateway.relaying.http_sse.waiting_calls import WaitingCalls, WaitingPost, requests_of
from moorage_gateway.relaying.http_sse.wire_forms import MESSAGE_HEAD
from moorage_gateway.relaying.runtime import Runtime
from moorage_gateway.routing.endpoint_book import BookedEndpoint
from moorage_gateway.routing.moorings import unknown_session
from moorage_wire.jsonrpc import MalformedMessage, Message, MessageKind, read_message

MESSAGE_DROPPED = "ServerMessageDropped"
"""A message that came while nobody listened and too much was waiting already."""
ANSWER_DROPPED = "AnswerWithoutCaller"
"""An answer whose caller is gone: only a resumed stream could carry it, and there is none here."""
MALFORMED_DROPPED = "MalformedServerMessage"


class BridgedSession:
    """Lives until its DELETE, the end of the endpoint's stream, or idleness."""

    def __init__(
        self,
        runtime: Runtime,
        session_id: str,
        route: str,
        booked: BookedEndpoint,
        principal_tag: bytes,
        on_over: Callable[["BridgedSession"], None],
    ) -> None:
        self._runtime = runtime
        self._on_over = on_over
        self._calls = WaitingCalls()
        self._get: Outbox | None = None
        self._backlog: deque[bytes] = deque()
        self._backlog_bytes = 0
        self._stream: HttpSseStream | None = None
        self._target = ""
        self._posting: set[asyncio.Task[None]] = set()
        self._tag: bytes | None = None
        self.id = session_id
        self.route = route
        self.booked = booked
        self.principal_tag = principal_tag
        self.opened_at = self.last_seen = runtime.loop_seconds()
        self._failure: GatewayError | None = None

    @property
    def over(self) -> bool:
        """Whether it has ended, by whomever."""
        return self._failure is not None

    @property
    def in_use(self) -> bool:
        """Whether somebody waits on it at this moment."""
        return self._get is not None or len(self._calls) > 0

    async def open(self, lines: bytes) -> None:
        """Open the endpoint's stream; raises UpstreamError."""
        booked = self.booked
        try:
            self._stream = await open_http_sse_stream(
                booked.pool,
                lines,
                HANDSHAKE_SECONDS,
                self._runtime.limits.event_bytes,
                self._said,
                self._ended,
            )
        except UpstreamError as error:
            self._runtime.exchanges.failed(booked, error)
            raise
        self._target = self._stream.target.result()

    def live(self, tag: bytes) -> None:
        """The client has its session id; ``tag`` names the session in the ledger."""
        runtime, booked = self._runtime, self.booked
        self._tag = tag
        runtime.ledger.touch(tag, booked.group, booked.uid, runtime.loop_seconds())
        runtime.ledger.stream_opened(tag)

    # the client says

    def ask(self, messages: Sequence[Message], lines: bytes, *, events: bool) -> WaitingPost:
        """Post messages of which some want an answer; all there is comes out of the outbox.

        Posting goes on beside: some servers answer the POST only when they are done, and may ask
        the client something before.
        """
        self.seen()
        requests = requests_of(messages)
        post = WaitingPost(requests, Outbox(self._resume), events=events)
        self._calls.add(requests, post)
        task = asyncio.get_running_loop().create_task(self._ask(messages, lines, post))
        self._posting.add(task)
        task.add_done_callback(self._posting.discard)
        return post

    async def _ask(self, messages: Sequence[Message], lines: bytes, post: WaitingPost) -> None:
        try:
            await self.tell(messages, lines)
        except GatewayError as error:
            post.outbox.close(error)

    def forget(self, post: WaitingPost) -> None:
        """The POST's caller has got all, or is gone."""
        self._calls.remove(post)
        self._resume()
        self.seen()

    async def tell(self, messages: Sequence[Message], lines: bytes) -> None:
        """Post messages to the endpoint, one by one; raises GatewayError."""
        self.seen()
        for message in messages:
            await self._post(message, lines)

    async def _post(self, message: Message, lines: bytes) -> None:
        if self._failure is not None:
            raise self._failure
        pool, exchanges = self.booked.pool, self._runtime.exchanges
        request = pool.post_at(self._target, MESSAGE_HEAD + lines, message.encode())
        try:
            answer = await ask(pool, request, float(self.booked.group.rules.answer_seconds))
        except UpstreamError as error:
            exchanges.failed(self.booked, error)
            raise
        exchanges.answered(self.booked, self._runtime.loop_seconds())
        if answer.status == 404:
            self.close(unknown_session())
            raise unknown_session()
        if 400 <= answer.status < 500:
            raise MalformedRequest(
                f"the endpoint refused the message with HTTP {answer.status}",
                reason="EndpointRefused",
                status=answer.status,
            )
        if answer.status >= 300:
            raise refused_by_endpoint(answer.status)

    def listen(self) -> Outbox:
        """The client's GET stream, of which there is one at a time; raises MalformedRequest."""
        if self._get is not None:
            raise already_listening()
        self.seen()
        self._get = outbox = Outbox(self._resume)
        for message in self._backlog:
            outbox.put(message)
        self._backlog.clear()
        self._backlog_bytes = 0
        return outbox

    def stop_listening(self) -> None:
        """The GET stream has ended."""
        self._get = None
        self._resume()
        self.seen()

    def end_listening(self) -> None:
        """End the client's GET stream, after what waits for it; the session goes on."""
        if self._get is not None:
            self._get.close()

    def seen(self) -> None:
        """The session shows life."""
        self.last_seen = self._runtime.loop_seconds()

    # the endpoint says

    def _said(self, data: bytes) -> None:
        try:
            message = read_message(data)
        except MalformedMessage:
            self._runtime.cells.refused(MALFORMED_DROPPED)
            return
        self.booked.last_answer = self._runtime.loop_seconds()
        if message.kind is MessageKind.RESPONSE:
            self._answered(message)
        else:
            self._deliver(message)
        self._pause_if_full()

    def _answered(self, response: Message) -> None:
        post = self._calls.answered(response)
        if post is None:
            self._runtime.cells.refused(ANSWER_DROPPED)
        else:
            post.answer(response)

    def _deliver(self, message: Message) -> None:
        post = self._calls.concerned(message, listening=self._get is not None)
        outbox = self._get if post is None else post.outbox
        if outbox is not None:
            outbox.put(message.encode())
        elif len(self._backlog) < MAX_MESSAGES and self._backlog_bytes < MAX_BYTES:
            self._backlog.append(message.encode())
            self._backlog_bytes += len(message.encode())
        else:
            self._runtime.cells.refused(MESSAGE_DROPPED)

    def _outboxes(self) -> list[Outbox]:
        own = [] if self._get is None else [self._get]
        return own + [post.outbox for post in self._calls.posts]

    def _pause_if_full(self) -> None:
        if self._stream is not None and any(outbox.full for outbox in self._outboxes()):
            self._stream.pause()

    def _resume(self) -> None:
        full = any(outbox.full for outbox in self._outboxes())
        if self._stream is not None and not self.over and not full:
            self._stream.resume()

    def _ended(self, failure: UpstreamError | None) -> None:
        self.close(
            failure
            or OutcomeUnknown(
                "the endpoint ended the stream of this session; the call may have run"
            )
        )

    # how it ends

    def close(self, failure: GatewayError) -> None:
        """End the session; who still waits for an answer gets ``failure``."""
        if self.over:
            return
        self._failure = failure
        for post in self._calls.posts:
            post.outbox.close(failure)
        if self._get is not None:
            self._get.close()
        if self._stream is not None:
            self._stream.close()
        for task in self._posting:
            task.cancel()
        if self._tag is not None:
            self._runtime.ledger.stream_closed(self._tag, self._runtime.loop_seconds())
            self._runtime.ledger.forget(self._tag)
        self._on_over(self)

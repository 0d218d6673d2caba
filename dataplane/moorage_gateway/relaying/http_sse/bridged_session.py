"""One streamable HTTP session of an HTTP+SSE endpoint: its stream, held by this replica."""

import asyncio
from collections.abc import Callable, Sequence

from moorage_gateway.connecting.control_request import ask
from moorage_gateway.connecting.handshake import HANDSHAKE_SECONDS
from moorage_gateway.connecting.http_sse_stream import HttpSseStream, open_http_sse_stream
from moorage_gateway.errors import GatewayError, MalformedRequest, OutcomeUnknown, UpstreamError
from moorage_gateway.relaying.http_sse.outbox import Outbox
from moorage_gateway.relaying.http_sse.server_messages import ServerMessages
from moorage_gateway.relaying.http_sse.stream_refusals import refused_by_endpoint
from moorage_gateway.relaying.http_sse.waiting_calls import WaitingPost, requests_of
from moorage_gateway.relaying.http_sse.wire_forms import MESSAGE_HEAD
from moorage_gateway.relaying.runtime import Runtime
from moorage_gateway.routing.endpoint_book import BookedEndpoint
from moorage_gateway.routing.moorings import unknown_session
from moorage_gateway.routing.session_ledger import LiveSession
from moorage_wire.jsonrpc import Message


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
        self._stream: HttpSseStream | None = None
        self._target = ""
        self._posting: set[asyncio.Task[None]] = set()
        self._tag: bytes | None = None
        self._counted: LiveSession | None = None
        self._failure: GatewayError | None = None
        self.messages = ServerMessages(runtime.cells.refused, self._resume)
        self.id = session_id
        self.route = route
        self.booked = booked
        self.principal_tag = principal_tag
        self.opened_at = self.last_seen = runtime.loop_seconds()

    @property
    def in_use(self) -> bool:
        """Whether somebody waits on it at this moment."""
        return self.messages.awaited

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
        """The client has its session id; ``tag`` names the session in the ledger.

        Raises GatewayError when the session has ended meanwhile: it was ended before anybody
        counted it, so that nobody would forget it.
        """
        if self._failure is not None:
            raise self._failure
        runtime, booked = self._runtime, self.booked
        self._tag = tag
        runtime.ledger.open(tag, booked.group, booked.uid, runtime.loop_seconds())
        self._counted = runtime.ledger.stream_opened(tag)

    # the client says

    def ask(self, messages: Sequence[Message], lines: bytes, *, events: bool) -> WaitingPost:
        """Post messages of which some want an answer; all there is comes out of the outbox.

        Posting goes on beside: some servers answer the POST only when they are done, and may ask
        the client something before.
        """
        self._seen()
        post = self.messages.wait(requests_of(messages), events=events)
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
        self.messages.forget(post)
        self._seen()

    async def tell(self, messages: Sequence[Message], lines: bytes) -> None:
        """Post messages to the endpoint, one by one; raises GatewayError."""
        self._seen()
        for message in messages:
            if self._failure is not None:
                raise self._failure
            await self._post(message, lines)

    async def _post(self, message: Message, lines: bytes) -> None:
        booked, exchanges = self.booked, self._runtime.exchanges
        request = booked.pool.post_at(self._target, MESSAGE_HEAD + lines, message.encode())
        try:
            answer = await ask(booked.pool, request, float(booked.group.rules.answer_seconds))
        except UpstreamError as error:
            exchanges.failed(booked, error)
            raise
        exchanges.answered(booked, self._runtime.loop_seconds())
        if answer.status == 404:
            self.close(unknown_session())
        _require_accepted(answer.status)

    def listen(self) -> Outbox:
        """The client's GET stream; raises MalformedRequest when it is open already."""
        outbox = self.messages.listen()
        self._seen()
        return outbox

    def stop_listening(self) -> None:
        """The GET stream has ended."""
        self.messages.stop_listening()
        self._seen()

    def _seen(self) -> None:
        self.last_seen = self._runtime.loop_seconds()

    # the endpoint says

    def _said(self, data: bytes) -> None:
        self.booked.last_answer = self._runtime.loop_seconds()
        self.messages.heard(data)
        if self._stream is not None and self.messages.full:
            self._stream.pause()

    def _resume(self) -> None:
        if self._stream is not None and self._failure is None and not self.messages.full:
            self._stream.resume()

    def _ended(self, failure: UpstreamError | None) -> None:
        self.close(
            failure
            or OutcomeUnknown("the endpoint ended this session's stream; the call may have run")
        )

    # how it ends

    def close(self, failure: GatewayError) -> None:
        """End the session; who still waits for an answer gets ``failure``."""
        if self._failure is not None:
            return
        self._failure = failure
        for post in self.messages.posts:
            post.outbox.close(failure)
        self.messages.end_listening()
        if self._stream is not None:
            self._stream.close()
        for task in self._posting:
            task.cancel()
        if self._tag is not None:
            self._runtime.ledger.stream_closed(self._counted, self._runtime.loop_seconds())
            self._runtime.ledger.forget(self._tag)
        self._on_over(self)


def _require_accepted(status: int) -> None:
    """Raises what a client is told when the endpoint did not take its message."""
    if status == 404:
        raise unknown_session()
    if 400 <= status < 500:
        raise MalformedRequest(
            f"the endpoint refused the message with HTTP {status}",
            reason="EndpointRefused",
            status=status,
        )
    if status >= 300:
        raise refused_by_endpoint(status)

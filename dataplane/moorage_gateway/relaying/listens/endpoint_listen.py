"""One listen to one endpoint, shared by all clients that want the same."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from moorage_gateway.errors import GatewayError, MalformedRequest, UpstreamError
from moorage_gateway.relaying.group_key import key_refusal
from moorage_gateway.relaying.listens.subscription_filter import SubscriptionFilter, read_filter
from moorage_gateway.routing.endpoint_book import BookedEndpoint
from moorage_wire.heads import HeadRefusal, read_answer_head
from moorage_wire.jsonrpc import MalformedMessage, Message, MessageKind, read_message
from moorage_wire.sse import EventTooLarge, SseReader

ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
JSON_LINES = b"content-type: application/json\r\n"


class Listener(Protocol):
    """Who hears what an endpoint tells."""

    def acknowledged(self, listen: "EndpointListen") -> None: ...
    def notified(self, listen: "EndpointListen", message: Message) -> None: ...


@dataclass(frozen=True)
class Refusal:
    """An endpoint's own error in answer to a listen."""

    status: int
    lines: bytes
    """Header lines for the client."""
    body: bytes


class EndpointListen:
    """An AnswerSink that reads one listen's events until it ends."""

    def __init__(self, booked: BookedEndpoint, listener: Listener, limit: int) -> None:
        self.booked = booked
        self.honoured: SubscriptionFilter | None = None
        self.refusal: Refusal | GatewayError | None = None
        self._listener = listener
        self._limit = limit
        self._status = 0
        self._lines = b""
        self._reader: SseReader | None = None
        self._body = bytearray()
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._is_whole = False

    async def run(self, request: bytes) -> None:
        """Listen until the endpoint ends it; cancelled when nobody listens any more.

        Raises UpstreamError or CapacityError where there is no connection.
        """
        pool = self.booked.pool
        now = asyncio.get_running_loop().time()
        connection = pool.take_idle(now) or await pool.connect()
        try:
            connection.send(request, self)
            await self._over
        finally:
            self._end()
            # After a whole answer the connection may carry somebody else's request already.
            if not self._is_whole:
                connection.abort()

    # AnswerSink

    def answer_started(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.refusal = key_refusal(self.booked.group, status)
        if self.refusal is not None:
            self._end()
            return
        try:
            head = read_answer_head(headers)
        except HeadRefusal:
            self._end()
            return
        self._status, self._lines = status, head.forward
        if status < 300 and head.is_event_stream:
            self._reader = SseReader(max_event_bytes=self._limit)

    def answer_received(self, chunk: bytes) -> None:
        if self._over.done():
            return
        if self._reader is None:
            self._body += chunk[: self._limit - len(self._body)]
            return
        try:
            for event in self._reader.feed(chunk):
                if event.data and not self._over.done():
                    self._heard(read_message(event.data))
        except (EventTooLarge, MalformedMessage, MalformedRequest):
            # It is opened anew, after a while; what it told until here has been passed on.
            self._end()

    def _heard(self, message: Message) -> None:
        if message.method == ACKNOWLEDGED:
            self._acknowledged(message)
        elif message.kind is MessageKind.NOTIFICATION:
            self._listener.notified(self, message)
        elif message.kind is MessageKind.RESPONSE:
            if "error" in message.members and self.honoured is None:
                self.refusal = Refusal(self._status, JSON_LINES, message.encode())
            self._end()

    def _acknowledged(self, message: Message) -> None:
        if self.honoured is None:
            self.honoured = read_filter((message.params or {}).get("notifications"))
            self._listener.acknowledged(self)

    def segment_ended(self) -> None:
        """Nothing waits for single segments here."""

    def answer_ended(self) -> None:
        self._is_whole = True
        if self._reader is None and not self._over.done() and self._is_refusal():
            self.refusal = Refusal(self._status, self._lines, bytes(self._body))
        self._end()

    def _is_refusal(self) -> bool:
        """An error; a result ends the listen as any other end does."""
        if self._status >= 300:
            return True
        try:
            return "error" in read_message(bytes(self._body)).members
        except MalformedMessage:
            return False

    def answer_failed(self, failure: UpstreamError) -> None:
        self._end()

    def _end(self) -> None:
        if not self._over.done():
            self._over.set_result(None)

"""One listen to one endpoint, shared by all clients that want the same."""

import asyncio
from typing import Protocol

import msgspec

from moorage_gateway.connecting.upstream_connection import UpstreamConnection
from moorage_gateway.errors import BadAnswer, UpstreamError
from moorage_gateway.relaying.listens.subscription_filter import SubscriptionFilter, read_filter
from moorage_gateway.routing.endpoint_book import BookedEndpoint
from moorage_wire.jsonrpc import MalformedMessage, Message, MessageKind, read_message
from moorage_wire.sse import EventTooLarge, SseReader

ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
VERSION = "2026-07-28"
_HEAD = (
    b"content-type: application/json\r\naccept: application/json, text/event-stream\r\n"
    b"user-agent: moorage\r\nmcp-protocol-version: 2026-07-28\r\n"
    b"mcp-method: subscriptions/listen\r\n"
)


class Listener(Protocol):
    """Who hears what an endpoint tells."""

    def acknowledged(self, listen: "EndpointListen") -> None: ...
    def notified(self, listen: "EndpointListen", message: Message) -> None: ...
    def listen_ended(self, listen: "EndpointListen") -> None: ...


class EndpointListen:
    """An AnswerSink that reads one listen's events until it ends."""

    def __init__(
        self, booked: BookedEndpoint, wanted: SubscriptionFilter, listener: Listener, limit: int
    ) -> None:
        self.booked = booked
        self.wanted = wanted
        self.honoured: SubscriptionFilter | None = None
        self.refusal: tuple[int, bytes] | None = None
        """HTTP status and body of the endpoint's own error, when it refused."""
        self._status = 0
        self._listener = listener
        self._reader = SseReader(max_event_bytes=limit)
        self._body = b""
        self._limit = limit
        self._is_stream = False
        self._ended = False
        self._connection: UpstreamConnection | None = None

    async def open(self, meta: dict[str, msgspec.Raw]) -> None:
        """Send the listen request; its answers come by callbacks. Raises UpstreamError."""
        request = {
            "jsonrpc": "2.0",
            "id": "moorage-listen",
            "method": "subscriptions/listen",
            "params": {"_meta": meta, "notifications": self.wanted.as_params()},
        }
        pool = self.booked.pool
        now = asyncio.get_running_loop().time()
        connection = pool.take_idle(now) or await pool.connect()
        if self._ended:
            connection.abort()
            return
        self._connection = connection
        connection.send(pool.post(_HEAD, b"", msgspec.json.encode(request)), self)

    def close(self) -> None:
        """Nobody listens any more: the endpoint shall notice at once."""
        self._ended = True
        if self._connection is not None:
            self._connection.abort()

    # AnswerSink

    def answer_started(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._status = status
        content_type = next((v for n, v in headers if n.lower() == b"content-type"), b"")
        self._is_stream = status < 300 and content_type.startswith(b"text/event-stream")

    def answer_received(self, chunk: bytes) -> None:
        if not self._is_stream:
            self._body += chunk[: self._limit - len(self._body)]
            return
        try:
            for event in self._reader.feed(chunk):
                if event.data and not self._ended:
                    self._heard(read_message(event.data))
        except EventTooLarge:
            self._fail(BadAnswer(f"the endpoint sent an event over {self._limit} bytes"))
        except MalformedMessage as error:
            self._fail(BadAnswer(f"the endpoint sent no JSON-RPC message: {error.reason}"))

    def _heard(self, message: Message) -> None:
        if message.method == ACKNOWLEDGED:
            self.honoured = read_filter((message.params or {}).get("notifications"))
            self._listener.acknowledged(self)
        elif message.kind is MessageKind.NOTIFICATION:
            self._listener.notified(self, message)
        elif message.kind is MessageKind.RESPONSE and "error" in message.members:
            self.refusal = (self._status, message.encode())

    def segment_ended(self) -> None:
        """Nothing waits for single segments here."""

    def answer_ended(self) -> None:
        if not self._is_stream:
            self.refusal = (self._status, self._body)
        self._end()

    def answer_failed(self, failure: UpstreamError) -> None:
        self._end()

    def _fail(self, failure: UpstreamError) -> None:
        if self._connection is not None:
            self._connection.abort()
        self.answer_failed(failure)

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._listener.listen_ended(self)

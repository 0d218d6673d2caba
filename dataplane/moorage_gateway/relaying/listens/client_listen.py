"""One client's listen: its own subscription id, its own socket, a bound on what it may lag."""

import asyncio

import msgspec

from moorage_gateway.errors import CapacityError, GatewayError
from moorage_gateway.relaying.answer_head import streamed_head
from moorage_gateway.relaying.call import Call
from moorage_gateway.relaying.listens.endpoint_listen import ACKNOWLEDGED, Refusal
from moorage_gateway.relaying.listens.subscription_filter import SubscriptionFilter
from moorage_wire.jsonrpc import Message, result_response
from moorage_wire.sse import encode_comment, encode_event

SUBSCRIPTION_ID = "io.modelcontextprotocol/subscriptionId"
MAX_BACKLOG_BYTES = 1024 * 1024
MAX_EARLY = 256
"""Different notifications that may wait for the acknowledgement, which must come first."""
_STREAM_HEADERS = (
    b"content-type: text/event-stream\r\ncache-control: no-cache, no-transform\r\n"
    b"x-accel-buffering: no\r\n"
)
_KEEP_ALIVE = encode_comment(b" keep-alive")
_encode = msgspec.json.Encoder().encode


class ClientListen:
    """Writes the merged stream to one client.

    ``ended`` is done when there will be no more; its value is a refusal where the end came
    before the first frame.
    """

    def __init__(self, call: Call) -> None:
        assert call.raw_id is not None
        self._call = call
        self._raw_id = call.raw_id
        self._meta = {SUBSCRIPTION_ID: msgspec.Raw(call.raw_id)}
        self._honoured = SubscriptionFilter()
        self._early: dict[bytes, Message] = {}
        self._early_bytes = 0
        self.written = False
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[GatewayError | Refusal | None] = loop.create_future()

    def acknowledge(self, honoured: SubscriptionFilter) -> None:
        """Begin the stream, unless it has ended; its first frame is the acknowledgement."""
        if self.ended.done():
            return
        call = self._call
        self.written = call.answered = True
        self._honoured = honoured
        call.status = 200
        closing = call.decide_closing()
        self._send(streamed_head(200, _STREAM_HEADERS, call.cors_lines, call.http11, closing))
        params = {"_meta": self._meta, "notifications": honoured.as_params()}
        self._event(_encode({"jsonrpc": "2.0", "method": ACKNOWLEDGED, "params": params}))
        early, self._early = self._early, {}
        for message in early.values():
            self.notify(message)

    def notify(self, message: Message) -> None:
        """Pass a notification on under this client's subscription id."""
        if self.ended.done():
            return
        if not self.written:
            self._keep_early(message)
        elif self._honoured.covers(message):
            meta = dict(message.meta or {}) | self._meta
            self._event(message.with_param("_meta", _encode(meta)).encode())

    def _keep_early(self, message: Message) -> None:
        octets = message.encode()
        if octets in self._early:
            return
        self._early[octets] = message
        self._early_bytes += len(octets)
        if len(self._early) > MAX_EARLY or self._early_bytes > MAX_BACKLOG_BYTES:
            self.end(_too_many_early())

    def keep_alive(self) -> None:
        """A comment, so that a client that is gone is noticed."""
        if self.written and not self.ended.done():
            self._chunk(_KEEP_ALIVE)

    def finish(self) -> None:
        """End gracefully: the listen's result is its last frame, and the connection's."""
        if self.ended.done():
            return
        if not self.written:
            self.end(_ended_early())
            return
        result = {"resultType": "complete", "_meta": self._meta}
        self._event(result_response(self._raw_id, result))
        self._send(b"0\r\n\r\n" if self._call.http11 else b"")
        self._call.keep_alive = False
        self.end()

    def end(self, refusal: GatewayError | Refusal | None = None) -> None:
        """No more will be written; with a refusal nothing has been."""
        if not self.ended.done():
            self.ended.set_result(refusal)

    # Feeder: what a paused client lags behind is bounded by its socket's buffer, see ``_chunk``.

    def probe(self) -> bool:
        """A comment shows whether the client is gone."""
        self.keep_alive()
        return True

    def client_paused(self) -> None:
        """Others go on being served; see MAX_BACKLOG_BYTES."""

    def client_resumed(self) -> None:
        """Nothing was held back."""

    def _event(self, data: bytes) -> None:
        self._call.bytes_out += len(data)
        self._call.events += 1
        self._chunk(encode_event(data, event=b"message"))

    def _chunk(self, octets: bytes) -> None:
        transport = self._call.client.transport
        if transport is None:
            return
        if transport.get_write_buffer_size() > MAX_BACKLOG_BYTES:
            self._call.outcome, self._call.reason = "refused", "ListenBacklogFull"
            transport.abort()
            self.end()
            return
        self._send(b"%x\r\n%b\r\n" % (len(octets), octets) if self._call.http11 else octets)

    def _send(self, octets: bytes) -> None:
        if octets and self._call.client.transport is not None:
            self._call.client.transport.write(octets)


def _too_many_early() -> CapacityError:
    return CapacityError(
        "too many notifications came before all endpoints had acknowledged the listen",
        reason="ListenBacklogFull",
        remedy="listen again",
        retry_after_seconds=1,
    )


def _ended_early() -> CapacityError:
    return CapacityError(
        "the listen ended before it was acknowledged: this gateway process stops, "
        "or its configuration has changed",
        reason="ListenEnded",
        remedy="listen again",
        retry_after_seconds=1,
    )

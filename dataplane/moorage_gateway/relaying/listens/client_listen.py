"""One client's listen: its own subscription id, its own socket, a bound on what it may lag."""

import asyncio

import msgspec

from moorage_gateway.relaying.answer_head import streamed_head
from moorage_gateway.relaying.call import Call
from moorage_gateway.relaying.listens.endpoint_listen import ACKNOWLEDGED
from moorage_gateway.relaying.listens.subscription_filter import SubscriptionFilter
from moorage_wire.jsonrpc import Message, result_response
from moorage_wire.sse import encode_comment, encode_event

SUBSCRIPTION_ID = "io.modelcontextprotocol/subscriptionId"
MAX_BACKLOG_BYTES = 1024 * 1024
_STREAM_HEADERS = (
    b"content-type: text/event-stream\r\ncache-control: no-cache, no-transform\r\n"
    b"x-accel-buffering: no\r\n"
)
_encode = msgspec.json.Encoder().encode


class ClientListen:
    """Writes the merged stream to one client. ``ended`` is set when there will be no more."""

    def __init__(self, call: Call, known_tasks: dict[str, str]) -> None:
        assert call.raw_id is not None
        self._call = call
        self._raw_id = call.raw_id
        self._known_tasks = known_tasks
        self.written = False
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def acknowledge(self, honoured: SubscriptionFilter) -> None:
        """Begin the stream; its first frame is the acknowledgement."""
        call = self._call
        self.written = True
        call.status = 200
        self._send(streamed_head(200, _STREAM_HEADERS, b"", call.http11))
        tasks = frozenset(self._known_tasks.get(task, task) for task in honoured.tasks)
        told = SubscriptionFilter(honoured.changes, honoured.resources, tasks)
        params = {"_meta": self._meta(), "notifications": told.as_params()}
        self._event(_encode({"jsonrpc": "2.0", "method": ACKNOWLEDGED, "params": params}))

    def notify(self, message: Message) -> None:
        """Pass a notification on under this client's subscription id."""
        if not self.written or self.ended.done():
            return
        meta = dict(message.meta or {}) | {SUBSCRIPTION_ID: msgspec.Raw(self._raw_id)}
        message = message.with_param("_meta", _encode(meta))
        task = message.string_param("taskId")
        if task is not None and task in self._known_tasks:
            message = message.with_param("taskId", _encode(self._known_tasks[task]))
        self._event(message.encode())

    def keep_alive(self) -> None:
        """A comment, so that a client that is gone is noticed."""
        if self.written and not self.ended.done():
            self._chunk(encode_comment(b" keep-alive"))

    def finish(self) -> None:
        """End gracefully: the listen's result is its last frame."""
        if self.ended.done():
            return
        result = {"resultType": "complete", "_meta": self._meta()}
        self._event(result_response(self._raw_id, result))
        self._send(b"0\r\n\r\n" if self._call.http11 else b"")
        self.end()

    def end(self) -> None:
        """No more will be written."""
        if not self.ended.done():
            self.ended.set_result(None)

    # Feeder: what a paused client lags behind is bounded by its socket's buffer, see ``_chunk``.

    def probe(self) -> bool:
        """A comment shows whether the client is gone."""
        self.keep_alive()
        return True

    def client_paused(self) -> None:
        """Others go on being served; see MAX_BACKLOG_BYTES."""

    def client_resumed(self) -> None:
        """Nothing was held back."""

    def _meta(self) -> dict[str, msgspec.Raw]:
        return {SUBSCRIPTION_ID: msgspec.Raw(self._raw_id)}

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

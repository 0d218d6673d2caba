"""An answer of the gateway's own making, written to a client of the MCP port."""

import asyncio

from moorage_gateway.errors import GatewayError, UpstreamError
from moorage_gateway.relaying.answer_head import streamed_head, whole_head
from moorage_gateway.relaying.call import Call
from moorage_wire.sse import encode_comment

JSON_HEAD = b"content-type: application/json\r\n"
EVENTS_HEAD = (
    b"content-type: text/event-stream\r\ncache-control: no-cache, no-transform\r\n"
    b"x-accel-buffering: no\r\n"
)
PROBE = encode_comment(b"")


class ClientAnswer:
    """Writes to the client of one call; while it does not read, ``write`` waits."""

    def __init__(self, call: Call, session_line: bytes = b"") -> None:
        self._call = call
        self._session_line = session_line
        self._roomy = asyncio.Event()
        self._roomy.set()
        self.started = False
        self._streaming = False
        if call.client.writing_paused:
            self.client_paused()
        call.client.feeder = self

    def released(self) -> None:
        """This answer is over; the connection's next one has its own feeder."""
        if self._call.client.feeder is self:
            self._call.client.feeder = None

    async def whole(self, status: int, body: bytes) -> None:
        """Write head and body in one go."""
        call = self._call
        self.started = True
        call.status = status
        head = whole_head(
            status,
            JSON_HEAD if body else b"",
            self._session_line + call.cors_lines,
            len(body),
            closing=call.decide_closing(),
        )
        self._send(head + body)

    async def start_events(self) -> None:
        """Write the head of an event stream."""
        call = self._call
        self.started = self._streaming = True
        call.status = 200
        lines = self._session_line + call.cors_lines
        closing = call.decide_closing()
        self._send(streamed_head(200, EVENTS_HEAD, lines, call.http11, closing))

    async def write(self, octets: bytes) -> None:
        """Write a part of the stream, then wait while the client does not keep up."""
        if octets:
            self._call.events += octets.count(b"\n\n")
            self._send_part(octets)
        await self._roomy.wait()

    async def end(self) -> None:
        """End the stream, between two events."""
        self._streaming = False
        self._send(b"0\r\n\r\n" if self._call.http11 else b"")
        self._call.keep_alive = self._call.keep_alive and self._call.http11

    def failed(self, failure: GatewayError) -> None:
        upstream = isinstance(failure, UpstreamError)
        self._call.outcome = "outcome_unknown" if upstream else "refused"
        self._call.reason = failure.reason

    # Feeder

    @property
    def written(self) -> bool:
        return self.started

    def probe(self) -> bool:
        if self._streaming and self._call.method != "stream":
            self._send_part(PROBE)
        return self._call.method != "stream"

    def client_paused(self) -> None:
        self._roomy.clear()

    def client_resumed(self) -> None:
        self._roomy.set()

    def _send_part(self, octets: bytes) -> None:
        self._send(b"%x\r\n%b\r\n" % (len(octets), octets) if self._call.http11 else octets)

    def _send(self, octets: bytes) -> None:
        transport = self._call.client.transport
        if octets and transport is not None:
            self._call.bytes_out += len(octets)
            transport.write(octets)

"""HTTP answers of the bridge: JSON at once, or an event stream."""

import asyncio
from collections.abc import Mapping

from aiohttp import web

from moorage_contract.header_names import MCP_SESSION_ID
from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.outbox import Delivery, Outbox
from moorage_sidecar.refusals import Refusal
from moorage_wire.sse import encode_comment, encode_event

RETRY_MILLISECONDS = 1000
SESSION_HEADER = MCP_SESSION_ID.decode()
EVENT_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}
KEEPALIVE = encode_comment(b"keep-alive")


def json_answer(
    body: bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """One JSON document."""
    return web.Response(
        body=body, status=status, content_type="application/json", headers=headers or {}
    )


def refusal_answer(refusal: Refusal, raw_id: bytes | None) -> web.Response:
    """A refusal as a JSON-RPC error; the connection of an unread body is not used again."""
    answer = json_answer(refusal.answer(raw_id), refusal.status, refusal.headers)
    if refusal.status in (408, 413):
        answer.force_close()
    return answer


def accepted() -> web.Response:
    """202 without a body: notifications and responses were given to the server."""
    return web.Response(status=202)


class EventAnswer:
    """An open event stream to one client."""

    def __init__(self, request: web.BaseRequest, limits: BridgeLimits) -> None:
        self._request = request
        self._limits = limits
        self.response = web.StreamResponse(headers=EVENT_HEADERS)

    async def open(self, headers: Mapping[str, str] | None = None) -> None:
        """Send the head of the answer."""
        self.response.headers.update(headers or {})
        await self.response.prepare(self._request)

    async def prime(self, event_id: bytes) -> None:
        """Give the client an event id to resume from before anything happens."""
        await self._write(
            encode_event(b"", event_id=event_id, retry_milliseconds=RETRY_MILLISECONDS)
        )

    async def event(self, name: bytes, data: bytes) -> None:
        """Send an event that is no JSON-RPC message."""
        await self._write(encode_event(data, event=name))

    async def send(self, delivery: Delivery) -> None:
        """Send one message as one event."""
        await self._write(
            encode_event(delivery.message, event=b"message", event_id=delivery.event_id)
        )

    async def relay(self, outbox: Outbox) -> None:
        """Send what the outbox gives until it closes, and a comment after each silence."""
        while True:
            try:
                delivery = await outbox.get(self._limits.keepalive_seconds)
            except TimeoutError:
                await self._write(KEEPALIVE)
                continue
            if delivery is None:
                return
            await self.send(delivery)

    async def end(self) -> web.StreamResponse:
        """End the stream at an event boundary."""
        await self.response.write_eof()
        return self.response

    async def _write(self, event: bytes) -> None:
        """Write, or raise ``ConnectionResetError`` when the client takes nothing for too long."""
        try:
            async with asyncio.timeout(self._limits.write_stall_seconds):
                await self.response.write(event)
        except TimeoutError:
            if self._request.transport is not None:
                self._request.transport.abort()
            raise ConnectionResetError("the client stopped reading") from None

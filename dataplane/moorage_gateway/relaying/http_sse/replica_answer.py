"""An answer to another replica, which relays it to its client."""

from aiohttp import web

from moorage_gateway.errors import GatewayError

SESSION_MARK = "held"
"""Stands for the session id: the replica that asked puts its client's own in its place."""

_JSON = {"content-type": "application/json"}
_EVENTS = {
    "content-type": "text/event-stream",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
}


class ReplicaAnswer:
    """Writes to the replica port; aiohttp's ``write`` waits while the peer does not read."""

    def __init__(self, request: web.Request, *, in_session: bool) -> None:
        self._request = request
        self._headers = {"mcp-session-id": SESSION_MARK} if in_session else {}
        self.response: web.StreamResponse | None = None

    @property
    def started(self) -> bool:
        return self.response is not None

    async def whole(self, status: int, body: bytes) -> None:
        headers = self._headers | (_JSON if body else {})
        self.response = web.Response(status=status, body=body, headers=headers)

    async def start_events(self) -> None:
        self.response = web.StreamResponse(headers=self._headers | _EVENTS)
        await self.response.prepare(self._request)

    async def write(self, octets: bytes) -> None:
        if octets and self.response is not None:
            await self.response.write(octets)

    async def end(self) -> None:
        if self.response is not None:
            await self.response.write_eof()

    def failed(self, failure: GatewayError) -> None:
        """The replica that asked counts its client's requests itself."""

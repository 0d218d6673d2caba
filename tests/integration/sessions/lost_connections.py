"""An HTTP transport for the official Python client that outlives a lost connection.

mcp 2.3.0 ends the whole client when the connection of one POST is lost. An application that wants
to keep its session answers for the lost connection itself: the call then fails with an error, and
the session goes on.
"""

from collections.abc import AsyncIterator

import httpx2

BAD_GATEWAY = 502


class KeepingTransport(httpx2.AsyncBaseTransport):
    """Gives a 502 for a connection that was lost before the answer's head came."""

    def __init__(self) -> None:
        self._network = httpx2.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            response = await self._network.handle_async_request(request)
        except httpx2.TransportError as lost:
            return httpx2.Response(BAD_GATEWAY, text=f"{type(lost).__name__}: {lost}")
        if response.headers.get("content-type", "").startswith("application/json"):
            assert isinstance(response.stream, httpx2.AsyncByteStream)
            response.stream = _ShortenedBody(response.stream)
        return response

    async def aclose(self) -> None:
        await self._network.aclose()


class _ShortenedBody(httpx2.AsyncByteStream):
    """A body that just ends where its connection was lost: half a JSON text, a plain error."""

    def __init__(self, body: httpx2.AsyncByteStream) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._body:
                yield chunk
        except httpx2.TransportError:
            return

    async def aclose(self) -> None:
        await self._body.aclose()

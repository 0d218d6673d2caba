"""A session of 2025-11-25 without a client library, whose every request may go elsewhere."""

import json
from typing import Any, Self

import aiohttp

VERSION = "2025-11-25"


class SessionLost(Exception):
    """The answer was 404: the session is not known there."""


class RawSession:
    """Open it with ``await``, then call tools; an own connection for each request."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._headers = {"Accept": "application/json, text/event-stream"}

    @classmethod
    async def opened(cls, url: str) -> Self:
        """A session at that URL."""
        session = cls(url)
        await session._open()
        return session

    async def call(self, tool: str, *, at: str | None = None, **arguments: str) -> str:
        """The text that the tool answers; ``at`` sends the request to another URL."""
        result = await self._request(
            at or self.url, 1, "tools/call", {"name": tool, "arguments": arguments}
        )
        return str(result["content"][0]["text"])

    async def _open(self) -> None:
        params = {
            "protocolVersion": VERSION,
            "capabilities": {},
            "clientInfo": {"name": "raw", "version": "1"},
        }
        await self._request(self.url, 0, "initialize", params)
        self._headers["MCP-Protocol-Version"] = VERSION
        await self._post(self.url, {"jsonrpc": "2.0", "method": "notifications/initialized"})

    async def _request(self, url: str, number: int, method: str, params: Any) -> Any:
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        answer = json.loads(await self._post(url, message))
        assert "result" in answer, answer
        return answer["result"]

    async def _post(self, url: str, message: Any) -> str:
        async with (
            aiohttp.ClientSession() as http,
            http.post(url, json=message, headers=self._headers) as answer,
        ):
            if answer.status == 404:
                raise SessionLost(await answer.text())
            assert answer.status in (200, 202), (answer.status, await answer.text())
            if "Mcp-Session-Id" in answer.headers:
                self._headers["Mcp-Session-Id"] = answer.headers["Mcp-Session-Id"]
            text = await answer.text()
        if answer.content_type == "text/event-stream":
            return _last_message(text)
        return text


def _last_message(stream: str) -> str:
    data = [line[5:].strip() for line in stream.splitlines() if line.startswith("data:")]
    return next(text for text in reversed(data) if text)

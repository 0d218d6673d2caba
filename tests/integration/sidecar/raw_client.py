"""Hand-made requests of every era, for what no official client would send."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

BOTH_TYPES = "application/json, text/event-stream"
MODERN = "2026-07-28"


def message(method: str, request_id: object = None, **params: Any) -> dict[str, Any]:
    """A JSON-RPC request, or a notification without an id."""
    body: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
    return body if request_id is None else {**body, "id": request_id}


def initialize_message(version: str = "2025-11-25", request_id: object = 0) -> dict[str, Any]:
    """The first message of a legacy session."""
    info = {"name": "raw", "version": "1"}
    return message(
        "initialize", request_id, protocolVersion=version, capabilities={}, clientInfo=info
    )


class RawSession:
    """One legacy session over streamable HTTP."""

    def __init__(self, http: aiohttp.ClientSession, address: str) -> None:
        self.http = http
        self.url = address + "/mcp"
        self.headers: dict[str, str] = {"Accept": BOTH_TYPES}

    async def open(self, version: str = "2025-11-25") -> "RawSession":
        """Initialize and remember the session id."""
        async with self.post(initialize_message(version)) as answer:
            assert answer.status == 200, await answer.text()
            body = await answer.json()
            assert "result" in body, body
            self.headers["Mcp-Session-Id"] = answer.headers["Mcp-Session-Id"]
        self.headers["MCP-Protocol-Version"] = version
        async with self.post(message("notifications/initialized")) as accepted:
            assert accepted.status == 202
        return self

    def post(self, body: object, **headers: str) -> Any:
        """POST one message or batch."""
        return self.http.post(self.url, json=body, headers={**self.headers, **headers})

    def get(self, last_event_id: str | None = None) -> Any:
        """Open the GET stream, or resume a stream."""
        resume = {"Last-Event-ID": last_event_id} if last_event_id else {}
        return self.http.get(self.url, headers={**self.headers, **resume})

    def delete(self) -> Any:
        """End the session."""
        return self.http.delete(self.url, headers=self.headers)

    async def call(self, method: str, request_id: object, **params: Any) -> dict[str, Any]:
        """POST a request and give the JSON-RPC answer, however it comes."""
        async with self.post(message(method, request_id, **params)) as answer:
            return await answer_of(answer)


async def answer_of(response: aiohttp.ClientResponse) -> dict[str, Any]:
    """The JSON-RPC answer in a response, JSON or the last event."""
    if response.content_type == "application/json":
        body: dict[str, Any] = await response.json()
        return body
    answer: dict[str, Any] = {}
    async for event in events_of(response):
        answer = json.loads(event["data"]) if event["data"] else answer
    return answer


async def events_of(response: aiohttp.ClientResponse) -> AsyncIterator[dict[str, str]]:
    """The events of a stream as dicts of their fields; comments are left out."""
    fields: dict[str, str] = {}
    async for raw in response.content:
        line = raw.decode().rstrip("\n")
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            yield {"data": "", **fields}
            fields = {}


class ModernCaller:
    """Sends requests of 2026-07-28 to one bridge."""

    def __init__(self, http: aiohttp.ClientSession, address: str, **headers: str) -> None:
        self.http = http
        self.url = address + "/mcp"
        self.headers = headers

    def post(self, body: dict[str, Any], **headers: str | None) -> Any:
        """POST one request; a header of ``None`` is left out."""
        merged = {**modern_headers(body), **self.headers, **headers}
        sent = {name: value for name, value in merged.items() if value is not None}
        return self.http.post(self.url, json=body, headers=sent)

    async def call(self, method: str, request_id: object, **params: Any) -> dict[str, Any]:
        """POST a request and give the JSON-RPC answer, however it comes."""
        async with self.post(modern_message(method, request_id, **params)) as answer:
            return await answer_of(answer)


def modern_message(method: str, request_id: object, **params: Any) -> dict[str, Any]:
    """A request of 2026-07-28 with the fields that each must carry."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
        **params.pop("meta", {}),
    }
    return message(method, request_id, _meta=meta, **params)


def modern_headers(body: dict[str, Any], **more: str) -> dict[str, str]:
    """The headers that mirror such a request."""
    headers = {
        "Accept": BOTH_TYPES,
        "MCP-Protocol-Version": MODERN,
        "Mcp-Method": body["method"],
        **more,
    }
    name = body["params"].get("name")
    return {**headers, "Mcp-Name": name} if name else headers

"""Clients of both transports that show each byte and each status."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

_EVENT = re.compile(rb"(.*?)\n\n", re.DOTALL)
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "raw", "version": "1"},
    },
}
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}
BOTH = {"accept": "application/json, text/event-stream"}
Json = dict[str, Any]


def call(request_id: int | str, tool: str, **arguments: Any) -> Json:
    """A tools/call."""
    params = {"name": tool, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params}


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    async def of(cls, response: aiohttp.ClientResponse) -> "Answer":
        return cls(response.status, response.headers, await response.read())

    @property
    def json(self) -> Json:
        document: Json = json.loads(self.body)
        return document

    @property
    def reason(self) -> str:
        """The name of a refusal."""
        name: str = self.json["error"]["data"]["reason"]
        return name

    @property
    def messages(self) -> list[Json]:
        """The messages of an event stream."""
        events = self.body.decode().strip().split("\n\n")
        return [json.loads(event.partition("data: ")[2]) for event in events]


@dataclass
class SseReading:
    """An event stream as it comes."""

    response: aiohttp.ClientResponse
    buffer: bytes = b""
    seconds: float = 5.0

    async def octets(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        while len(self.buffer) < count:
            await self._more()
        out, self.buffer = self.buffer[:count], self.buffer[count:]
        return out

    async def event(self) -> tuple[str, str]:
        """Name and data of the next event; comments are passed over."""
        while True:
            while (found := _EVENT.match(self.buffer)) is None:
                await self._more()
            self.buffer = self.buffer[found.end() :]
            lines = [line for line in found[1].decode().splitlines() if not line.startswith(":")]
            if lines:
                fields = [line.partition(": ") for line in lines]
                name = next((value for field, _, value in fields if field == "event"), "")
                return name, "\n".join(value for field, _, value in fields if field == "data")

    async def message(self) -> Json:
        """The next message."""
        name, data = await self.event()
        assert name == "message", (name, data)
        message: Json = json.loads(data)
        return message

    async def rest(self) -> bytes:
        """All that comes until the stream ends."""
        async with asyncio.timeout(self.seconds):
            rest = self.buffer + await self.response.content.read()
        self.buffer = b""
        return rest

    async def _more(self) -> None:
        async with asyncio.timeout(self.seconds):
            chunk = await self.response.content.readany()
        if not chunk:
            raise EOFError("the stream has ended")
        self.buffer += chunk


@dataclass
class OlderClient:
    """HTTP+SSE: one stream, and where to post."""

    http: aiohttp.ClientSession
    stream: SseReading
    uri: str
    base: str
    ids: int = field(default=0)

    async def post(self, message: Any, base: str | None = None) -> Answer:
        """Post to the URI that the stream named, perhaps at another replica."""
        async with self.http.post((base or self.base) + self.uri, json=message) as response:
            return await Answer.of(response)

    async def initialize(self, base: str | None = None) -> Json:
        assert (await self.post(INITIALIZE, base)).status == 202
        answer = await self.stream.message()
        assert (await self.post(INITIALIZED, base)).status == 202
        return answer

    async def ask(self, tool: str, base: str | None = None, **arguments: Any) -> Json:
        """Call a tool and read its answer, which is the next message."""
        self.ids += 1
        assert (await self.post(call(self.ids, tool, **arguments), base)).status == 202
        answer = await self.stream.message()
        assert answer.get("id") == self.ids, answer
        return answer


@asynccontextmanager
async def older_client(base: str, path: str) -> AsyncIterator[OlderClient]:
    """Open a stream and read its endpoint event."""
    headers = {"accept": "text/event-stream"}
    async with (
        aiohttp.ClientSession() as http,
        http.get(base + path, headers=headers) as response,
    ):
        assert response.status == 200, await response.text()
        assert response.headers["content-type"].startswith("text/event-stream")
        stream = SseReading(response)
        name, uri = await stream.event()
        assert name == "endpoint"
        yield OlderClient(http, stream, uri, base)


@dataclass
class NewerClient:
    """Streamable HTTP."""

    http: aiohttp.ClientSession
    url: str
    headers: dict[str, str] = field(default_factory=lambda: dict(BOTH))

    async def initialize(self) -> Json:
        async with self.http.post(self.url, json=INITIALIZE, headers=self.headers) as response:
            assert response.status == 200, await response.text()
            self.headers["mcp-session-id"] = response.headers["mcp-session-id"]
            answer: Json = await response.json()
        self.headers["mcp-protocol-version"] = answer["result"]["protocolVersion"]
        assert (await self.post(INITIALIZED)).status == 202
        return answer

    async def post(self, message: Any, url: str | None = None) -> Answer:
        async with self.http.post(url or self.url, json=message, headers=self.headers) as response:
            return await Answer.of(response)

    async def delete(self, url: str | None = None) -> Answer:
        async with self.http.delete(url or self.url, headers=self.headers) as response:
            return await Answer.of(response)

    @asynccontextmanager
    async def listening(self, url: str | None = None) -> AsyncIterator[SseReading]:
        """The GET stream."""
        async with self.http.get(url or self.url, headers=self.headers) as response:
            assert response.status == 200, await response.text()
            yield SseReading(response)


@asynccontextmanager
async def newer_client(url: str) -> AsyncIterator[NewerClient]:
    """A client that has not initialized yet."""
    async with aiohttp.ClientSession() as http:
        yield NewerClient(http, url)

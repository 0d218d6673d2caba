"""An honest legacy client: opens a session, calls, and notices every disturbance."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fakes.in_process_gateway import until
from fakes.raw_http import Answer, RawClient, call, connected, initialize, message, post, request


class Session:
    """One legacy session on one connection."""

    def __init__(self, client: RawClient, session_id: str, path: str = "/mcp") -> None:
        self.client = client
        self.session_id = session_id
        self.path = path
        self.calls = 0
        self.slowest_seconds = 0.0

    @property
    def lines(self) -> tuple[str, str]:
        return (f"Mcp-Session-Id: {self.session_id}", "MCP-Protocol-Version: 2025-11-25")

    def post(self, body: object, *more_lines: str) -> bytes:
        """A POST in this session."""
        return post(body, *self.lines, *more_lines, path=self.path)

    def bodiless(self, method: str, *more_lines: str) -> bytes:
        """A GET or DELETE in this session."""
        accept = "Accept: text/event-stream"
        return request(method, accept, *self.lines, *more_lines, path=self.path)

    async def ask(self, body: object, *more_lines: str) -> Answer:
        """One exchange."""
        await self.client.send(self.post(body, *more_lines))
        return await self.client.answer()

    async def count(self) -> dict[str, Any]:
        """One call of the counting tool; asserts that no call was lost, doubled or crossed."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        self.calls += 1
        answer = await self.ask(call(self.calls))
        self.slowest_seconds = max(self.slowest_seconds, loop.time() - started)
        assert answer.status == 200, answer
        assert answer.message["id"] == self.calls
        told: dict[str, Any] = json.loads(answer.message["result"]["content"][0]["text"])
        assert told["count"] == self.calls, told
        return told


async def open_session(client: RawClient, path: str = "/mcp") -> Session:
    """Initialize on a connection."""
    await client.send(post(initialize(), path=path))
    answer = await client.answer()
    assert answer.status == 200, answer
    session_id = answer.header("mcp-session-id")
    assert session_id is not None, answer
    session = Session(client, session_id, path)
    accepted = await session.ask(message("notifications/initialized"))
    assert accepted.status == 202, accepted
    return session


@asynccontextmanager
async def session(port: int, path: str = "/mcp") -> AsyncIterator[Session]:
    """An open session on a connection of its own."""
    async with connected(port) as client:
        yield await open_session(client, path)


@asynccontextmanager
async def untouched(port: int, pause_seconds: float = 0.01) -> AsyncIterator[Session]:
    """A session that calls all the time; fails when anything of what happens meanwhile shows."""
    async with session(port) as honest:
        task = asyncio.get_running_loop().create_task(_call_on(honest, pause_seconds))
        try:
            yield honest
            before = honest.calls
            await until(lambda: honest.calls > before + 1 or task.done(), "it goes on calling")
        finally:
            task.cancel()
            await asyncio.wait([task])
        if not task.cancelled():
            task.result()


async def _call_on(honest: Session, pause_seconds: float) -> None:
    while True:
        await honest.count()
        await asyncio.sleep(pause_seconds)

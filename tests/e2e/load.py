"""Sessions that call all the time and keep a GET stream, while something happens to the cluster.

An operation is an `initialize`, a call, or a `DELETE`; each is judged. A GET stream that ends is
opened again, as official clients do, and is no failed operation; one that cannot be opened is.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

import aiohttp

from integration.sessions.judging import Call, Judge

VERSION = "2025-11-25"
CALL_SECONDS = 60.0
STREAM_RETRY_SECONDS = 0.5
STREAM_ATTEMPTS = 4
EXAMPLES = 10


@dataclass(slots=True)
class Tally:
    """What came of all operations."""

    operations: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    streams_reopened: int = 0
    judge: Judge = field(default_factory=Judge)
    slowest_seconds: float = 0.0

    @property
    def total(self) -> int:
        return self.operations.total()

    def failed(self, what: str) -> None:
        self.failures.append(f"{time.strftime('%T')} {what}")

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(self.operations.items()))
        text = f"{self.total} operations ({counts}), {len(self.failures)} failed"
        text += (
            f", {self.streams_reopened} streams opened again, slowest {self.slowest_seconds:.2f} s"
        )
        return "\n  ".join([text, *self.failures[:EXAMPLES]])


class LoadedSession:
    """One session of one client with connections of its own."""

    def __init__(self, url: str, host: str, tally: Tally, pause_seconds: float) -> None:
        self._url = url
        self._tally = tally
        self._pause_seconds = pause_seconds
        self._owner = token_hex(8)
        self._headers = {"Accept": "application/json, text/event-stream", "Host": host}

    async def run(self, stop: asyncio.Event, calls: int) -> bool:
        """Open, call ``calls`` times or until told to stop, end with DELETE; False: not opened."""
        async with aiohttp.ClientSession() as self._http:
            if not await self._open():
                return False
            stream = asyncio.create_task(self._keep_stream())
            try:
                for _ in range(calls):
                    if stop.is_set():
                        break
                    await self._call()
                    await asyncio.sleep(self._pause_seconds)
            finally:
                stream.cancel()
                await asyncio.gather(stream, return_exceptions=True)
            await self._operation("delete", self._delete())
            return True

    async def _open(self) -> bool:
        params = {
            "protocolVersion": VERSION,
            "capabilities": {},
            "clientInfo": {"name": "load", "version": "1"},
        }
        opened = await self._operation("initialize", self._ask("initialize", params))
        if opened is None:
            return False
        self._headers["MCP-Protocol-Version"] = VERSION
        message = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        return await self._operation("initialized", self._post(message)) is not None

    async def _call(self) -> None:
        nonce = token_hex(8)
        arguments = {"owner": self._owner, "nonce": nonce}
        started = time.time() * 1000
        answer = await self._operation(
            "call", self._ask("tools/call", {"name": "advance", "arguments": arguments})
        )
        if answer is None:
            return
        told = json.loads(answer["content"][0]["text"])
        call = Call(self._owner, nonce, started, time.time() * 1000, told, None)
        if (verdict := self._tally.judge.judge(call)) != "right":
            self._tally.failed(f"{verdict}: {told}")

    async def _operation(self, kind: str, doing: Any) -> Any:
        started = time.monotonic()
        self._tally.operations[kind] += 1
        try:
            async with asyncio.timeout(CALL_SECONDS):
                return await doing
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError, KeyError) as error:
            self._tally.failed(f"{kind}: {type(error).__name__} {error}"[:400])
            return None
        finally:
            seconds = time.monotonic() - started
            self._tally.slowest_seconds = max(self._tally.slowest_seconds, seconds)

    async def _ask(self, method: str, params: Any) -> Any:
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        text = await self._post(message)
        answer = json.loads(text)
        if "result" not in answer:
            raise ValueError(text)
        return answer["result"]

    async def _post(self, message: Any) -> str:
        async with self._http.post(self._url, json=message, headers=self._headers) as answer:
            text = await answer.text()
            if answer.status not in (200, 202):
                raise ValueError(f"HTTP {answer.status} {text}")
            if "Mcp-Session-Id" in answer.headers:
                self._headers["Mcp-Session-Id"] = answer.headers["Mcp-Session-Id"]
            return _last_message(text) if answer.content_type == "text/event-stream" else text

    async def _delete(self) -> bool:
        async with self._http.delete(self._url, headers=self._headers) as answer:
            if answer.status != 200:
                raise ValueError(f"HTTP {answer.status} {await answer.text()}")
            return True

    async def _keep_stream(self) -> None:
        failed = 0
        while failed < STREAM_ATTEMPTS:
            try:
                failed = 0 if await self._stream() else failed + 1
            except (aiohttp.ClientError, OSError):
                failed += 1
            self._tally.streams_reopened += 1
            await asyncio.sleep(STREAM_RETRY_SECONDS)
        self._tally.failed("stream: could not be opened again")

    async def _stream(self) -> bool:
        headers = {**self._headers, "Accept": "text/event-stream"}
        timeout = aiohttp.ClientTimeout(total=None, sock_read=None)
        async with self._http.get(self._url, headers=headers, timeout=timeout) as answer:
            if answer.status != 200:
                return False
            async for _ in answer.content.iter_any():
                pass
            return True


@dataclass(frozen=True, slots=True)
class Load:
    """How much: sessions at a time, the pause between a session's calls, calls per session."""

    host: str
    """What clients call the gateway: its Service's name."""
    sessions: int = 50
    pause_seconds: float = 0.2
    calls_per_session: int = 40

    @asynccontextmanager
    async def on(self, url: str) -> AsyncIterator[Tally]:
        """Keep that many sessions going; each that ends is followed by a new one."""
        tally, stop = Tally(), asyncio.Event()
        places = [asyncio.create_task(self._place(url, tally, stop)) for _ in range(self.sessions)]
        try:
            yield tally
        finally:
            stop.set()
            await asyncio.gather(*places)

    async def _place(self, url: str, tally: Tally, stop: asyncio.Event) -> None:
        while not stop.is_set():
            session = LoadedSession(url, self.host, tally, self.pause_seconds)
            if not await session.run(stop, self.calls_per_session):
                await asyncio.sleep(1.0)  # no storm


def _last_message(stream: str) -> str:
    data = [line[5:].strip() for line in stream.splitlines() if line.startswith("data:")]
    return next(text for text in reversed(data) if text)


async def first_answer(url: str, host: str) -> str | None:
    """What one call of a new session is answered; None if it is not answered yet."""
    tally = Tally()
    session = LoadedSession(url, host, tally, 0.0)
    await session.run(asyncio.Event(), 1)
    return None if tally.failures else f"{tally.total} operations"

"""Many sessions of the official Python client in one process, steered over stdin and stdout.

Commands, one JSON object per line: `{"do": "run", "calls": N}` and `{"do": "close"}`. Told back:
`opened`, `calls` (records), `heard` (owners named by notifications), `done`, `closed`.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx2
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp_types import LoggingMessageNotificationParams, TextContent

from integration.sessions.lost_connections import KeepingTransport

CALL_SECONDS = 45.0
OPEN_CONCURRENCY = 16
FILLER = "moorage-" * 200

Record = list[Any]


def tell(event: str, **members: Any) -> None:
    sys.stdout.write(json.dumps({"event": event, **members}) + "\n")
    sys.stdout.flush()


def make_nonce(owner: str, number: int) -> str:
    """Unique, and of changing length, so that a mixed-up or merged answer shows."""
    return f"{owner}:{number}:{FILLER[: number * 37 % 1500]}"


class SessionClient:
    """One official client with its own HTTP connections."""

    def __init__(self, url: str, owner: str) -> None:
        self._url = url
        self._owner = owner
        self._calls = 0
        self._session: ClientSession | None = None
        self.opened = asyncio.Event()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        timeout = httpx2.Timeout(30.0, read=300.0)
        async with (
            httpx2.AsyncClient(transport=KeepingTransport(), timeout=timeout) as http,
            streamable_http_client(self._url, http_client=http) as (read, write),
            ClientSession(read, write, logging_callback=self._hear_log) as session,
        ):
            await session.initialize()
            self._session = session
            yield

    async def call(self) -> Record:
        self._calls += 1
        nonce = make_nonce(self._owner, self._calls)
        started = time.time() * 1000
        answer, error = None, None
        try:
            answer = await self._advance(nonce)
        except Exception as failure:  # whatever the client raises, the call has no answer
            error = f"{type(failure).__name__}: {failure}"[:300]
        return [self._owner, nonce, started, time.time() * 1000, answer, error]

    async def _advance(self, nonce: str) -> Any:
        assert self._session is not None
        result = await self._session.call_tool(
            "advance",
            {"owner": self._owner, "nonce": nonce},
            read_timeout_seconds=CALL_SECONDS,
            progress_callback=self._hear_progress,
        )
        content = result.content[0]
        assert isinstance(content, TextContent)
        if result.is_error:
            raise RuntimeError(content.text)
        return json.loads(content.text)

    async def _hear_progress(
        self, progress: float, total: float | None, message: str | None
    ) -> None:
        tell("heard", channel="progress", owner=self._owner, told=message)

    async def _hear_log(self, params: LoggingMessageNotificationParams) -> None:
        tell("heard", channel="stream", owner=self._owner, told=params.data["owner"])


class Fleet:
    """All sessions of this process, from opening to closing."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._opening = asyncio.Semaphore(OPEN_CONCURRENCY)
        self._calling = asyncio.Semaphore(arguments.concurrency)
        owners = [f"{arguments.prefix}{number}" for number in range(arguments.sessions)]
        self._clients = [SessionClient(arguments.url, owner) for owner in owners]
        self._closing = asyncio.Event()

    async def run(self) -> None:
        sessions = [asyncio.create_task(self._live(client)) for client in self._clients]
        await self._until_opened(sessions)
        tell("opened", sessions=len(sessions))
        while (command := await _next_command())["do"] == "run":
            await asyncio.gather(
                *(self._calls(client, command["calls"]) for client in self._clients)
            )
            tell("done")
        self._closing.set()
        await asyncio.gather(*sessions)
        tell("closed")

    async def _live(self, client: SessionClient) -> None:
        # A client's task group must end in the task that it began in.
        async with AsyncExitStack() as stack:
            async with self._opening:
                await stack.enter_async_context(client.open())
            client.opened.set()
            await self._closing.wait()

    async def _until_opened(self, sessions: list[asyncio.Task[None]]) -> None:
        opened = asyncio.gather(*(client.opened.wait() for client in self._clients))
        either: list[asyncio.Future[Any]] = [opened, *sessions]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        for ended in [session for session in sessions if session.done()]:
            ended.result()  # a session that ended now failed to open: say why
        await opened

    async def _calls(self, client: SessionClient, calls: int) -> None:
        for _ in range(calls):
            async with self._calling:
                tell("calls", records=[await client.call()])


async def _next_command() -> dict[str, Any]:
    line = await asyncio.to_thread(sys.stdin.readline)
    command: dict[str, Any] = json.loads(line) if line else {"do": "close"}
    return command


def main() -> None:
    parser = argparse.ArgumentParser(prog="integration.sessions.python_clients")
    parser.add_argument("--url", required=True)
    parser.add_argument("--sessions", type=int, required=True)
    parser.add_argument("--prefix", required=True, help="starts every owner's name")
    parser.add_argument("--concurrency", type=int, default=32, help="calls at the same time")
    asyncio.run(Fleet(parser.parse_args()).run())


if __name__ == "__main__":
    main()

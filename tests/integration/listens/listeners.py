"""Clients that listen, byte by byte: they open a listen, read its frames, and go."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fakes.honest_endpoint import SUBSCRIPTION_ID
from fakes.raw_http import Answer, RawClient, connected, modern

ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
TOOLS_CHANGED = "notifications/tools/list_changed"
TOOLS = {"toolsListChanged": True}
SILENCE_SECONDS = 0.15


def listen(filter_: object, request_id: object = "l", *lines: str, path: str = "/mcp") -> bytes:
    """A subscriptions/listen request."""
    return modern("subscriptions/listen", request_id, *lines, path=path, notifications=filter_)


@dataclass
class Listener:
    """An acknowledged listen."""

    client: RawClient
    request_id: object
    honoured: dict[str, Any]

    async def hears(self) -> dict[str, Any]:
        """The next message; asserts that it is under this client's own subscription id."""
        message: dict[str, Any] = await self.client.event_message()
        carrier = message.get("params") or message["result"]
        assert carrier["_meta"][SUBSCRIPTION_ID] == self.request_id, message
        return message

    async def hears_nothing(self, seconds: float = SILENCE_SECONDS) -> None:
        """Asserts that no message comes for a while."""
        try:
            async with asyncio.timeout(seconds):
                message = await self.client.event_message()
        except TimeoutError:
            return
        raise AssertionError(f"heard {message}")


@asynccontextmanager
async def listening(
    port: int, filter_: object = TOOLS, request_id: object = "l", *lines: str, path: str = "/mcp"
) -> AsyncIterator[Listener]:
    """A client whose listen is acknowledged."""
    async with connected(port) as client:
        await client.send(listen(filter_, request_id, *lines, path=path))
        yield await acknowledged(client, request_id)


async def acknowledged(client: RawClient, request_id: object) -> Listener:
    """The listen of a client that has sent its request."""
    head = await client.head()
    assert head.status == 200, (head, await client.reader.read(2000))
    assert head.header("content-type") == "text/event-stream"
    assert head.header("x-accel-buffering") == "no"
    message = await client.event_message()
    assert message["method"] == ACKNOWLEDGED
    assert message["params"]["_meta"] == {SUBSCRIPTION_ID: request_id}
    return Listener(client, request_id, message["params"]["notifications"])


@asynccontextmanager
async def listeners(port: int, count: int) -> AsyncIterator[list[Listener]]:
    """Many of them, of different connections and ids, opened at the same time."""
    async with AsyncExitStack() as stack:
        opening = [listening(port, TOOLS, f"l-{number}") for number in range(count)]
        yield list(await asyncio.gather(*map(stack.enter_async_context, opening)))


async def refused(port: int, filter_: object, request_id: object = "l", *lines: str) -> Answer:
    """The answer to a listen that is not served."""
    async with connected(port) as client:
        await client.send(listen(filter_, request_id, *lines))
        return await client.answer()

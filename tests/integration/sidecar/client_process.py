"""A client with many sessions, to be ended by others.

``client_process.py URL SESSIONS how``: opens sessions (every third over HTTP+SSE, the others with
a GET stream), makes a call in each, prints ``ready``, and then waits to be killed (``killed``) or
ends its sessions properly (``proper``).
"""

import asyncio
import contextlib
import sys

import aiohttp

from integration.sidecar.raw_client import (
    RawSession,
    events_of,
    initialize_message,
    message,
)


async def open_with_get_stream(
    http: aiohttp.ClientSession, url: str, stack: contextlib.AsyncExitStack, how: str
) -> None:
    session = await RawSession(http, url).open()
    if how == "proper":
        stack.push_async_callback(delete, session)
    await stack.enter_async_context(session.get())
    assert (await session.call("echo", 1, text="x"))["result"] == {"text": "x"}


async def delete(session: RawSession) -> None:
    async with session.delete() as deleted:
        assert deleted.status == 200


async def open_http_sse(
    http: aiohttp.ClientSession, url: str, stack: contextlib.AsyncExitStack
) -> None:
    stream = await stack.enter_async_context(http.get(url + "/sse"))
    events = events_of(stream)
    endpoint = url + (await anext(events))["data"]
    for body in (initialize_message("2024-11-05"), message("echo", 1, text="x")):
        async with http.post(endpoint, json=body) as accepted:
            assert accepted.status == 202
        assert '"text": "x"' in (await anext(events))["data"] or body["method"] == "initialize"


async def main() -> None:
    url, sessions, how = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    connector = aiohttp.TCPConnector(limit=0)
    async with (
        aiohttp.ClientSession(connector=connector) as http,
        contextlib.AsyncExitStack() as stack,
    ):
        for number in range(sessions):
            if number % 3 == 2:
                await open_http_sse(http, url, stack)
            else:
                await open_with_get_stream(http, url, stack, how)
        print("ready", flush=True)
        if how == "killed":
            await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(main())

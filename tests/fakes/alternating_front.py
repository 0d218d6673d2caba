"""A plain HTTP front that gives every request to the next target in turn.

It knows nothing of MCP or sessions: what works behind it works behind any load balancer.

`python -m fakes.alternating_front --target URL --target URL [--port N] [--port-file F]`
"""

import argparse
import asyncio
import itertools
from collections.abc import Iterator

import aiohttp
from aiohttp import web
from yarl import URL

from fakes.listening import add_listening_arguments, open_listener

MAX_BODY_BYTES = 64 * 1024 * 1024
# RFC 9110 §7.6.1: these belong to one connection, not to the message.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade"}

Headers = list[tuple[str, str]]


class AlternatingFront:
    """Relays each request whole and each answer as it comes, to one target after another."""

    def __init__(self, client: aiohttp.ClientSession, targets: list[str]) -> None:
        self._client = client
        self._turns: Iterator[str] = itertools.cycle(targets)

    async def relay(self, request: web.BaseRequest) -> web.StreamResponse:
        # Marked as encoded, since the path and query must arrive letter by letter.
        target = URL(next(self._turns) + request.raw_path, encoded=True)
        body = await request.read()
        try:
            async with self._client.request(
                request.method,
                target,
                headers=_end_to_end(request.raw_headers),
                data=body or None,
                allow_redirects=False,
                skip_auto_headers=("User-Agent", "Content-Type", "Accept", "Accept-Encoding"),
            ) as answer:
                return await _relay_answer(request, answer)
        except aiohttp.ClientConnectionError as lost:
            return web.Response(status=502, text=f"{target}: {lost}")


async def _relay_answer(
    request: web.BaseRequest, answer: aiohttp.ClientResponse
) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, reason=answer.reason)
    for name, value in _end_to_end(answer.raw_headers):
        response.headers.add(name, value)
    await response.prepare(request)
    async for chunk in answer.content.iter_any():
        await response.write(chunk)
    await response.write_eof()
    return response


def _end_to_end(raw_headers: tuple[tuple[bytes, bytes], ...]) -> Headers:
    decoded = [(name.decode(), value.decode("latin-1")) for name, value in raw_headers]
    return [(name, value) for name, value in decoded if name.lower() not in HOP_BY_HOP]


async def serve(arguments: argparse.Namespace) -> None:
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None, connect=5)
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, auto_decompress=False
    ) as client:
        front = AlternatingFront(client, arguments.target)
        # A client that goes away must be noticed by the target at once, as without the front.
        runner = web.ServerRunner(
            web.Server(front.relay, handler_cancellation=True, client_max_size=MAX_BODY_BYTES)
        )
        await runner.setup()
        await web.SockSite(runner, open_listener(arguments)).start()
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="fakes.alternating_front")
    parser.add_argument("--target", action="append", required=True, help="http://HOST:PORT")
    add_listening_arguments(parser)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()

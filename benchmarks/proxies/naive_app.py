"""``python naive_app.py PORT UPSTREAM_URL``: relay everything to the upstream, know nothing."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping

import uvloop
from aiohttp import ClientResponse, ClientSession, ClientTimeout, TCPConnector, web

_UNFORWARDED = {"host", "connection", "keep-alive", "transfer-encoding", "content-length"}
_UPSTREAM = web.AppKey("upstream", str)
_CLIENT = web.AppKey("client", ClientSession)


def _forwarded(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name.lower() not in _UNFORWARDED}


async def _relay(request: web.Request) -> web.StreamResponse:
    client, upstream = request.app[_CLIENT], request.app[_UPSTREAM]
    body = await request.read()
    async with client.request(
        request.method, upstream, headers=_forwarded(request.headers), data=body or None
    ) as answer:
        if answer.content_type == "text/event-stream":
            return await _relay_stream(request, answer)
        fields = _forwarded(answer.headers)
        return web.Response(status=answer.status, headers=fields, body=await answer.read())


async def _relay_stream(request: web.Request, answer: ClientResponse) -> web.StreamResponse:
    stream = web.StreamResponse(status=answer.status, headers=_forwarded(answer.headers))
    await stream.prepare(request)
    async for chunk in answer.content.iter_any():
        await stream.write(chunk)
    return stream


async def _client(app: web.Application) -> AsyncIterator[None]:
    app[_CLIENT] = ClientSession(
        connector=TCPConnector(limit=0), timeout=ClientTimeout(total=None), auto_decompress=False
    )
    yield
    await app[_CLIENT].close()


def main() -> None:
    app = web.Application()
    app[_UPSTREAM] = sys.argv[2]
    app.cleanup_ctx.append(_client)
    app.router.add_route("*", "/{path:.*}", _relay)
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    web.run_app(
        app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None, loop=loop
    )


if __name__ == "__main__":
    main()

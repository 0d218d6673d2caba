"""The front of the conformance runs must alternate by request and hold nothing back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from yarl import URL

from fakes.child_process import ServerProcess, serving

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def target(handler: Handler) -> AsyncIterator[str]:
    runner = web.ServerRunner(web.Server(handler, handler_cancellation=True))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def front(*targets: str) -> AsyncIterator[ServerProcess]:
    arguments = [word for url in targets for word in ("--target", url)]
    async with serving("fakes.alternating_front", *arguments) as process:
        yield process


def echoing(name: str) -> Handler:
    async def answer(request: web.BaseRequest) -> web.Response:
        body = await request.text()
        words = [name, request.method, request.raw_path, request.headers["Host"], body]
        return web.Response(text=" ".join(words), headers={"X-Name": name})

    return answer


def _exactly(url: str) -> URL:
    return URL(url, encoded=True)


async def test_each_request_of_one_connection_goes_to_the_other_target() -> None:
    names = []
    async with (
        target(echoing("a")) as first,
        target(echoing("b")) as second,
        front(first, second) as process,
        aiohttp.ClientSession() as client,
    ):
        for _ in range(4):
            async with client.get(process.url("/x")) as answer:
                names.append(answer.headers["X-Name"])
    assert names == ["a", "b", "a", "b"]


async def test_method_path_query_host_and_body_arrive_as_sent() -> None:
    host = {"Host": "h.example"}
    async with (
        target(echoing("a")) as only,
        front(only) as process,
        aiohttp.ClientSession() as client,
        client.put(_exactly(process.url("/m?x=%2F")), data="hello", headers=host) as answer,
    ):
        assert await answer.text() == "a PUT /m?x=%2F h.example hello"


async def test_an_event_passes_before_the_next_one_is_written() -> None:
    passed = asyncio.Event()

    async def stream(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        await passed.wait()
        await response.write(b"second")
        return response

    async with (
        target(stream) as only,
        front(only) as process,
        asyncio.timeout(10),
        aiohttp.ClientSession() as client,
        client.get(process.url("/")) as answer,
    ):
        assert await answer.content.readany() == b"first"
        passed.set()
        assert await answer.content.read() == b"second"


async def test_the_target_learns_when_the_client_goes() -> None:
    gone = asyncio.Event()

    async def wait(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()
        return response

    async with target(wait) as only, front(only) as process:
        async with aiohttp.ClientSession() as client, client.get(process.url("/")):
            pass
        await asyncio.wait_for(gone.wait(), 10)

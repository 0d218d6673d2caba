"""A request that arrives just as another one ends does not overtake those that wait."""

import asyncio

from fakes.raw_http import connected, request
from moorage_gateway.limiting.half_sent import HalfSent
from moorage_gateway.relaying.client_connection import ClientConnection
from moorage_gateway.relaying.front_server import FrontServer
from moorage_gateway.relaying.http_request import HttpRequest
from moorage_gateway.settings import Limits


class Refusals:
    def refused(self, reason: str) -> None:
        raise AssertionError(f"refused: {reason}")


async def test_it_does_not_overtake() -> None:
    begun: list[str] = []
    all_begun = asyncio.Event()

    async def handler(client: ClientConnection, asked: HttpRequest) -> None:
        begun.append(asked.target)
        await asyncio.sleep(0)
        client.finished(keep_alive=True)
        if asked.target == "/1":
            # In the loop's turn in which the first one ended, before the second one begins.
            client.data_received(request("GET", path="/3"))
        if len(begun) == 3:
            all_begun.set()

    limits = Limits()
    half_sent = HalfSent(limits.half_sent_per_address, limits.half_sent_bytes)
    server = FrontServer(handler, limits, half_sent, Refusals())
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(lambda: ClientConnection(server, loop), "127.0.0.1", 0)
    async with connected(listener.sockets[0].getsockname()[1]) as client:
        await client.send(request("GET", path="/1") + request("GET", path="/2"))
        async with asyncio.timeout(2):
            await all_begun.wait()
    assert begun == ["/1", "/2", "/3"]
    listener.close()
    server.abort_all()

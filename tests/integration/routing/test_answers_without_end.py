"""What an endpoint sends beside the body of its answer is bounded and goes nowhere."""

import asyncio
from collections.abc import Awaitable, Callable

from fakes.scripted_upstream import Peer, Received, ScriptedUpstream, upstream
from moorage_contract.route_table import Endpoint
from moorage_gateway.connecting.upstream_connection import UpstreamConnection
from moorage_gateway.connecting.upstream_pool import UpstreamPool
from moorage_gateway.errors import BadAnswer, UpstreamError
from moorage_gateway.settings import Limits

LIMITS = Limits()
LINE = b"x-more: " + 1000 * b"a" + b"\r\n"


class Collecting:
    """An AnswerSink; ``done`` has the body, or the failure."""

    def __init__(self) -> None:
        self.done: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.headers: list[tuple[bytes, bytes]] = []
        self._body = b""

    def answer_started(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.headers = headers

    def answer_received(self, chunk: bytes) -> None:
        self._body += chunk

    def segment_ended(self) -> None:
        """Nothing is gathered by segment here."""

    def answer_ended(self) -> None:
        self.done.set_result(self._body)

    def answer_failed(self, failure: UpstreamError) -> None:
        self.done.set_exception(failure)


async def asked(server: ScriptedUpstream) -> tuple[Collecting, UpstreamPool, UpstreamConnection]:
    pool = UpstreamPool(Endpoint(uid="u", url=server.url), LIMITS)
    connection = await pool.connect()
    sink = Collecting()
    connection.send(pool.bodiless(b"GET", b"", b""), sink)
    return sink, pool, connection


def answering(then: Callable[[Peer], Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    async def behave(received: Received, peer: Peer) -> None:
        await peer.stream()
        await peer.chunk(b"body")
        await then(peer)

    return behave


async def test_trailers_are_dropped_and_the_connection_serves_again() -> None:
    async def few(peer: Peer) -> None:
        await peer.send(b"0\r\n" + 3 * LINE + b"\r\n")

    async with upstream(answering(few)) as server:
        sink, pool, connection = await asked(server)
        assert await asyncio.wait_for(sink.done, 5) == b"body"
        assert b"x-more" not in {name.lower() for name, _ in sink.headers}
        assert pool.take_idle(asyncio.get_running_loop().time()) is connection
        pool.close()


async def assert_cut(endless: Callable[[Peer], Awaitable[None]]) -> None:
    async with upstream(answering(endless)) as server:
        sink, pool, _ = await asked(server)
        try:
            await asyncio.wait_for(sink.done, 5)
        except BadAnswer as failure:
            assert str(LIMITS.answer_head_bytes) in failure.message
        else:
            raise AssertionError("an endless answer came to an end")
        await asyncio.wait_for(server.peers[0].gone.wait(), 5)
        pool.close()


async def test_trailers_without_end_are_cut() -> None:
    async def many(peer: Peer) -> None:
        await peer.send(b"0\r\n")
        while True:
            await peer.send(LINE)
            await asyncio.sleep(0)

    await assert_cut(many)


async def test_one_trailer_without_end_is_cut() -> None:
    async def long(peer: Peer) -> None:
        await peer.send(b"0\r\nx-long: ")
        while True:
            await peer.send(1000 * b"a")
            await asyncio.sleep(0)

    await assert_cut(long)


async def test_chunk_sizes_in_segments_of_their_own_add_up_to_nothing() -> None:
    pool = UpstreamPool(Endpoint(uid="u", url="http://127.0.0.1:1/mcp"), LIMITS)
    connection = UpstreamConnection(100, lambda _: None, lambda _: None)
    wire = _Wire()
    connection.connection_made(wire)
    sink = Collecting()
    connection.send(pool.bodiless(b"GET", b"", b""), sink)
    connection.data_received(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    for _ in range(200):
        connection.data_received(b"4\r\n")
        connection.data_received(b"ping")
        connection.data_received(b"\r\n")
    connection.data_received(b"0\r\n\r\n")
    assert await sink.done == 200 * b"ping"


class _Wire(asyncio.Transport):
    """A transport to nowhere: what is written is of no interest here."""

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        return

    def write(self, data: bytes | bytearray | memoryview) -> None:
        return

    def is_closing(self) -> bool:
        return False

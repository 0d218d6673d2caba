"""Whoever opens an endpoint's stream and is cancelled leaves no connection behind."""

import asyncio
from typing import Any, cast

import pytest

from moorage_gateway.connecting.http_sse_stream import HttpSseStream, open_http_sse_stream
from moorage_gateway.connecting.upstream_pool import UpstreamPool

EVENT_STREAM = [(b"content-type", b"text/event-stream")]


class OpenConnection:
    """A connection that says what the test feeds to its sink; also the pool that gives it."""

    url = "http://endpoint/sse"

    def __init__(self) -> None:
        self.sink: HttpSseStream | None = None
        self.aborted = False
        self.asked = asyncio.Event()

    async def connect(self) -> "OpenConnection":
        return self

    def bodiless(self, *_: bytes) -> bytes:
        return b""

    def send(self, _request: bytes, sink: Any) -> None:
        self.sink = sink
        self.asked.set()

    def abort(self) -> None:
        self.aborted = True


@pytest.mark.parametrize("said", [b"", b"event: endpoint\ndata: /messages\n\n", b"data: x\n\n"])
async def test_a_cancelled_opening_closes_the_stream_whatever_was_said_in_that_turn(
    said: bytes,
) -> None:
    connection, heard = OpenConnection(), list[bytes]()
    pool = cast(UpstreamPool, connection)
    opening = asyncio.ensure_future(
        open_http_sse_stream(pool, b"", 5.0, 1000, heard.append, lambda _: None)
    )
    await connection.asked.wait()
    assert connection.sink is not None
    connection.sink.answer_started(200, EVENT_STREAM)
    connection.sink.answer_received(said)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert connection.aborted
    connection.sink.answer_received(b"data: late\n\n")
    assert heard == []

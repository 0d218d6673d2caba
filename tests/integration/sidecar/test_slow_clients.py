"""Clients that are slow or many: cut off by name, others are served."""

import asyncio
import contextlib
from urllib.parse import urlsplit

import aiohttp
import pytest

from integration.sidecar.fixture_types import BridgeStarter, Eventually
from integration.sidecar.raw_client import RawSession, message
from moorage_sidecar import StdioBridge


async def connect(bridge: StdioBridge) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    address = urlsplit(bridge.address)
    return await asyncio.open_connection(address.hostname, address.port)


async def last_bytes(reader: asyncio.StreamReader) -> bytes:
    """The end of what comes until the connection ends, however it ends."""
    tail = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := await reader.read(65536):
            tail = (tail + chunk)[-100:]
    return tail


async def test_half_a_head_is_cut_off(start_bridge: BridgeStarter) -> None:
    bridge = await start_bridge("plain_server.py", head_seconds=0.3)
    reader, writer = await connect(bridge)

    writer.write(b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    rest = await asyncio.wait_for(reader.read(), 3)

    assert rest == b""
    writer.close()


async def test_a_rejected_head_is_not_logged(
    start_bridge: BridgeStarter, caplog: pytest.LogCaptureFixture
) -> None:
    bridge = await start_bridge("plain_server.py")
    caplog.set_level("DEBUG")
    reader, writer = await connect(bridge)

    writer.write(b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthori zation: s3cret\r\n\r\n")
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 3)

    assert b" 400 Bad Request" in answer
    assert "s3cret" not in caplog.text
    assert "request head refused" in caplog.text
    writer.close()


async def test_half_a_body_is_refused_by_name(start_bridge: BridgeStarter) -> None:
    bridge = await start_bridge("plain_server.py", body_seconds=0.3)
    reader, writer = await connect(bridge)

    writer.write(
        b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 100\r\n\r\n{"
    )
    answer = await asyncio.wait_for(reader.read(), 15)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"reason":"BodyTooSlow"' in answer
    writer.close()


async def test_a_client_that_waits_for_continue_is_told_to_go_on(
    start_bridge: BridgeStarter,
) -> None:
    bridge = await start_bridge("plain_server.py")
    reader, writer = await connect(bridge)
    body = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'

    writer.write(
        b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    told = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 3)
    writer.write(body)
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 3)

    assert told == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answer.startswith(b"HTTP/1.1 400 ")
    writer.close()


async def test_past_the_bound_of_connections_the_caller_is_refused(
    start_bridge: BridgeStarter,
) -> None:
    bridge = await start_bridge("plain_server.py", max_connections=2)
    held = [await connect(bridge) for _ in range(2)]
    await asyncio.sleep(0.1)

    reader, writer = await connect(bridge)
    answer = await asyncio.wait_for(reader.read(), 3)

    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"at most 2 connections" in answer
    for _, open_writer in [*held, (reader, writer)]:
        open_writer.close()


async def test_a_reader_that_stops_loses_its_stream_and_not_its_session(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge(
        "bad_server.py", "flood", "20000", write_stall_seconds=0.5, stream_queue_bytes=10_000
    )
    session = await RawSession(http, bridge.address).open()
    reader, writer = await connect(bridge)
    session_id = session.headers["Mcp-Session-Id"].encode()

    writer.write(
        b"GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
        b"Mcp-Session-Id: %s\r\n\r\n" % session_id
    )
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    async with session.post(message("go", 1), Accept="text/event-stream"):
        pinged = await asyncio.wait_for(session.call("ping", 2), 10)

    assert pinged["result"] == {}
    writer.transport.abort()


async def test_the_connection_of_a_reader_that_stops_is_aborted_and_others_go_on(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, eventually: Eventually
) -> None:
    bridge = await start_bridge(
        "bad_server.py", "flood", "20000", write_stall_seconds=0.5, stream_queue_bytes=10_000
    )
    stuck, other = [await RawSession(http, bridge.address).open() for _ in range(2)]
    reader, writer = await connect(bridge)
    writer.write(
        b"GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
        b"Mcp-Session-Id: %s\r\n\r\n" % stuck.headers["Mcp-Session-Id"].encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.pause_reading()  # type: ignore[attr-defined]

    async with other.get() as listening:
        assert bridge.counts().streams == 2
        asking = asyncio.create_task(stuck.call("go", 1))
        seconds = []
        for number in range(20):
            begun = asyncio.get_running_loop().time()
            assert (await other.call("ping", number))["result"] == {}
            seconds.append(asyncio.get_running_loop().time() - begun)
            await asyncio.sleep(0.05)
        asking.cancel()
        await eventually(lambda: bridge.counts().streams == 1)
        assert listening.status == 200 and not listening.content.at_eof()

    assert max(seconds) < 0.5, "nobody waits for a reader of another session"
    writer.transport.resume_reading()  # type: ignore[attr-defined]
    assert not (await asyncio.wait_for(last_bytes(reader), 5)).endswith(b"\r\n0\r\n\r\n")
    assert bridge.counts().sessions == 2
    writer.transport.abort()

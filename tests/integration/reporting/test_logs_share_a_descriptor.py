"""The process's log and the access log may share a descriptor: one writer, whole lines, no end
of the one before the other."""

import asyncio
import json
import logging
import os
import time

from moorage_gateway.reporting.access_entry import AccessEntry
from moorage_gateway.reporting.access_log import AccessLog
from moorage_gateway.reporting.line_writer import writer_of
from moorage_gateway.reporting.logging_setup import JsonHandler

ENTRY = AccessEntry(
    at_seconds=1_795_593_600.0,
    route="/a/mcp",
    method="ping",
    status=200,
    outcome="ok",
    seconds=0.01,
    bytes_in=1,
    bytes_out=1,
    peer="127.0.0.1",
)


def record(message: str) -> logging.LogRecord:
    return logging.LogRecord("moorage_gateway.x", logging.INFO, "", 0, message, (), None)


def available(reader: int) -> list[dict[str, object]]:
    data = b""
    os.set_blocking(reader, False)
    try:
        while chunk := os.read(reader, 65_536):
            data += chunk
    except BlockingIOError:
        pass
    return [json.loads(line) for line in data.splitlines() if not line.startswith(b"x")]


async def test_the_log_goes_on_after_the_access_log_has_ended() -> None:
    reader, writer = os.pipe()
    access, handler = AccessLog(writer, lambda _: b"key"), JsonHandler(writer)
    access.start()
    access.record(ENTRY)
    handler.emit(record("one"))
    await access.stop(1)
    assert len(available(reader)) == 2
    handler.emit(record("two"))
    handler.close()
    assert [line["message"] for line in available(reader)] == ["two"]
    # Whoever gets the same number next has a writer of its own.
    again = JsonHandler(writer)
    again.emit(record("three"))
    again.close()
    assert [line["message"] for line in available(reader)] == ["three"]
    os.close(reader)
    os.close(writer)


async def test_dropped_lines_are_counted_and_told_once_there_is_room() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x" * 4095 + b"\n")
    except BlockingIOError:
        os.set_blocking(writer, True)
    shared = writer_of(writer, max_waiting=10)
    handler = JsonHandler(writer)
    before = time.thread_time()
    for number in range(5000):
        handler.emit(record(str(number)))
    assert time.thread_time() - before < 2
    dropped = shared.dropped()
    assert 4900 < dropped < 5000
    first = available(reader)
    while len(first) < 5000 - dropped:
        first += available(reader)
    handler.emit(record("room"))
    handler.close()
    last = available(reader)
    assert last[0]["message"] == "room"
    assert (last[1]["level"], last[1]["count"]) == ("WARNING", dropped)
    os.close(reader)
    os.close(writer)


async def test_a_log_that_begins_after_the_other_ended_is_written() -> None:
    reader, writer = os.pipe()
    first, second = AccessLog(writer, lambda _: b"key"), AccessLog(writer, lambda _: b"key")
    first.start()
    await first.stop(1)
    second.start()
    second.record(ENTRY)
    await second.stop(1)
    assert len(available(reader)) == 1
    os.close(reader)
    os.close(writer)


async def test_logs_may_come_and_go_at_once() -> None:
    reader, writer = os.pipe()
    for number in range(50):
        first, second = AccessLog(writer, lambda _: b"key"), AccessLog(writer, lambda _: b"key")
        first.start()
        first.record(ENTRY)
        stopping = asyncio.ensure_future(first.stop(1))
        await asyncio.sleep(0.0001 * (number % 5))
        second.start()
        second.record(ENTRY)
        await stopping
        await second.stop(1)
        assert len(available(reader)) == 2
        assert first.dropped() == second.dropped() == 0
    os.close(reader)
    os.close(writer)


async def test_lines_that_a_stuck_reader_never_took_count_as_dropped() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x" * 4095 + b"\n")
    except BlockingIOError:
        os.set_blocking(writer, True)
    log = AccessLog(writer, lambda _: b"key")
    log.start()
    for _ in range(100):
        log.record(ENTRY)
    await log.stop(0.5)
    assert log.dropped() == 100
    for _ in range(50):  # now the thread can write on, and end
        available(reader)
        await asyncio.sleep(0.005)
    os.close(reader)

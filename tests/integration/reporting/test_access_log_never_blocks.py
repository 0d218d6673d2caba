"""The access log writes every line it can, and neither a stuck nor a broken reader stops us."""

import asyncio
import errno
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from moorage_gateway.reporting.access_entry import AccessEntry
from moorage_gateway.reporting.access_log import AccessLog
from moorage_gateway.reporting.session_names import session_names

KEY = b"k" * 32
SESSION = b"canary-session-id"


def entry(number: int) -> AccessEntry:
    return AccessEntry(
        at_seconds=1_795_593_600.0,
        route="/a/mcp",
        method="tools/call",
        status=200,
        outcome="ok",
        seconds=0.01,
        bytes_in=number,
        bytes_out=1,
        peer="127.0.0.1",
        session_names=session_names(SESSION.decode(), None, KEY),
    )


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    for descriptor in (reader, writer):
        try:
            os.close(descriptor)
        except OSError as error:
            assert error.errno == errno.EBADF


def drain(reader: int) -> bytes:
    os.set_blocking(reader, False)
    data = b""
    try:
        while chunk := os.read(reader, 65536):
            data += chunk
    except BlockingIOError:
        pass
    return data


async def test_every_line_is_written_in_order(tmp_path: Path) -> None:
    path = tmp_path / "access.jsonl"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    log = AccessLog(descriptor, lambda _: KEY)
    log.start()
    for number in range(5000):
        log.record(entry(number))
    await log.stop(5)
    os.close(descriptor)
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert [line["bytes_in"] for line in lines] == list(range(5000))
    assert log.dropped() == 0
    assert SESSION not in path.read_bytes()


async def test_lines_are_written_without_a_stop(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    log = AccessLog(writer, lambda _: KEY)
    log.start()
    log.record(entry(1))
    assert json.loads(os.read(reader, 65536))["bytes_in"] == 1
    log.record(entry(2))
    assert json.loads(os.read(reader, 65536))["bytes_in"] == 2
    await log.stop(5)


async def test_a_reader_that_is_stuck_costs_lines_and_no_time(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    log = AccessLog(writer, lambda _: KEY, max_waiting_lines=500)
    log.start()
    slowest = 0.0
    for number in range(20_000):
        before = time.thread_time()
        log.record(entry(number))
        slowest = max(slowest, time.thread_time() - before)
    await log.stop(0.5)
    assert slowest < 0.01
    stuck_at = log.dropped()
    assert 17_000 < stuck_at < 20_000

    # The reader comes back: the thread gets on, and each line is either written or dropped.
    data = b""
    deadline = time.monotonic() + 5
    while data.count(b"\n") + log.dropped() < 20_000 and time.monotonic() < deadline:
        data += drain(reader)
        await asyncio.sleep(0.05)
    assert data.count(b"\n") + log.dropped() == 20_000
    assert all(json.loads(line)["route"] == "/a/mcp" for line in data.splitlines())


async def test_a_reader_that_is_gone_costs_lines_and_is_told_once(
    pipe: tuple[int, int], caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = pipe
    os.close(reader)
    log = AccessLog(writer, lambda _: KEY)
    log.start()
    for number in range(1000):
        log.record(entry(number))
    await log.stop(5)
    assert log.dropped() == 1000
    assert len(caplog.records) == 1
    assert "moorage_access_log_dropped_total" in caplog.text


async def test_a_line_cut_by_a_full_disk_does_not_swallow_the_next(
    monkeypatch: pytest.MonkeyPatch, pipe: tuple[int, int]
) -> None:
    reader, writer = pipe
    real_write = os.write
    calls = 0

    def full_after_ten_bytes(descriptor: int, data: bytes) -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            return real_write(descriptor, data[:10])
        if calls == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real_write(descriptor, data)

    monkeypatch.setattr(os, "write", full_after_ten_bytes)
    log = AccessLog(writer, lambda _: KEY)
    log.start()
    log.record(entry(1))
    for _ in range(250):
        await asyncio.sleep(0 if log.dropped() else 0.02)
    log.record(entry(2))
    await log.stop(5)
    torn, whole = drain(reader).splitlines()
    assert len(torn) == 10
    assert json.loads(whole)["bytes_in"] == 2
    assert log.dropped() == 1


async def test_a_non_blocking_pipe_is_waited_for(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    os.set_blocking(writer, False)
    log = AccessLog(writer, lambda _: KEY)
    log.start()
    for number in range(3000):
        log.record(entry(number))
    data = b""
    deadline = time.monotonic() + 5
    while data.count(b"\n") < 3000 and time.monotonic() < deadline:
        data += drain(reader)
        await asyncio.sleep(0.01)
    await log.stop(5)
    assert (data.count(b"\n"), log.dropped()) == (3000, 0)


def test_a_wrong_key_is_told_at_start() -> None:
    with pytest.raises(ValueError, match="give 1 to 64"):
        AccessLog(1, lambda _: b"")

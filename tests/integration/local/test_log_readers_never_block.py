"""Whoever reads stderr may be slow or stuck: the gateway serves on, and no line is cut."""

import asyncio
import json
import os
import re
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from fakes.child_process import TESTS_ROOT
from fakes.cr_documents import gateway_document, group_document, route
from fakes.cr_files import write
from fakes.raw_session import RawSession

SERVER = [sys.executable, str(TESTS_ROOT / "fakes" / "stdio_servers" / "keeping_server.py")]
ADDRESSES = ("--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")


@dataclass
class Logging:
    """A `moorage up` whose stderr is a pipe that only the test reads."""

    process: Process
    log: int
    base_url: str
    admin_url: str

    def read(self) -> bytes:
        """What is in the pipe now."""
        os.set_blocking(self.log, False)
        data = b""
        with suppress(BlockingIOError):
            while chunk := os.read(self.log, 65_536):
                data += chunk
        return data

    async def is_healthy(self) -> bool:
        within = aiohttp.ClientTimeout(total=3)
        async with (
            aiohttp.ClientSession(timeout=within) as http,
            http.get(f"{self.admin_url}/healthz") as answer,
        ):
            return answer.status == 200

    async def ends(self, seconds: float) -> int:
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), seconds)


def fill(pipe: int) -> int:
    """Leave no room in a pipe; how many bytes went in."""
    os.set_blocking(pipe, False)
    count = 0
    with suppress(BlockingIOError):
        while True:
            count += os.write(pipe, b"x" * 4095 + b"\n")
    os.set_blocking(pipe, True)
    return count


@asynccontextmanager
async def logging_up(folder: Path, *, full: bool) -> AsyncIterator[Logging]:
    gateway = gateway_document(routes=[route("/mcp", "tickets")])
    file = write(folder / "a.yaml", gateway, group_document(source={"stdio": {"command": SERVER}}))
    reader, writer = os.pipe()
    if full:
        fill(writer)
    command = [sys.executable, "-m", "moorage_local", "up", str(file), *ADDRESSES]
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=writer)
    os.close(writer)
    try:
        yield Logging(process, reader, *await asyncio.wait_for(_told(process), 30))
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        os.close(reader)


async def _told(process: Process) -> tuple[str, str]:
    assert process.stdout is not None
    base_url = admin_url = ""
    while not (base_url and admin_url):
        line = (await process.stdout.readline()).decode()
        assert line, "it ended"
        if found := re.search(r"^  (http://[^/]+)/", line):
            base_url = found[1]
        if found := re.search(r"metrics and health on (\S+)", line):
            admin_url = found[1]
    return base_url, admin_url


async def test_it_serves_while_stderr_is_full(tmp_path: Path) -> None:
    async with logging_up(tmp_path, full=True) as running:
        async with asyncio.timeout(10):
            session = await RawSession.opened(f"{running.base_url}/mcp")
            assert await session.call("mark", text="a") == "a"
        assert await running.is_healthy()
        assert await running.ends(6) == 0


async def test_a_reader_that_comes_back_finds_every_line_whole(tmp_path: Path) -> None:
    async with logging_up(tmp_path, full=True) as running:
        async with asyncio.timeout(20):
            for _ in range(20):
                session = await RawSession.opened(f"{running.base_url}/mcp")
                await session.call("mark", text="a")
        data = b""
        ending = asyncio.create_task(running.ends(8))
        while not ending.done():
            data += running.read()
            await asyncio.sleep(0.01)
        assert await ending == 0
        data += running.read()
    lines = [json.loads(line) for line in data.splitlines() if not line.startswith(b"x")]
    accessed = [line for line in lines if line.get("method") == "tools/call"]
    started = [line for line in lines if line.get("message") == "server process started"]
    ended = [line for line in lines if line.get("message") == "server process ended"]
    assert (len(accessed), len(started), len(ended)) == (20, 20, 20)
    # A request leads to the lines of the process that answered it.
    assert {line["upstream_session"] for line in accessed} == {line["session"] for line in started}


async def test_lines_said_before_any_loop_runs_are_written(tmp_path: Path) -> None:
    script = tmp_path / "early.py"
    script.write_text(
        "import logging\n"
        "from moorage_gateway.reporting.logging_setup import configure_logging\n"
        "configure_logging()\n"
        "for number in range(500):\n"
        "    logging.getLogger('moorage_local').error('early %d', number)\n"
        "raise SystemExit(3)\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, script, stderr=PIPE)
    _, stderr = await asyncio.wait_for(process.communicate(), 20)
    messages = [json.loads(line)["message"] for line in stderr.splitlines()]
    assert messages == [f"early {number}" for number in range(500)]
    assert process.returncode == 3


async def test_the_end_waits_a_second_for_a_stuck_reader_and_no_longer(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    fill(writer)
    code = (
        "import logging\n"
        "from moorage_gateway.reporting.logging_setup import configure_logging\n"
        "configure_logging()\n"
        "logging.getLogger('moorage_local').error('late')\n"
        "print('said', flush=True)\n"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code), stdout=PIPE, stderr=writer
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 20) == b"said\n"
    said_at = time.monotonic()
    assert await asyncio.wait_for(process.wait(), 10) == 0
    assert 0.8 < time.monotonic() - said_at < 3
    os.close(reader)
    os.close(writer)

"""On a terminal a summary refreshes at the end of the output, and no JSON is printed."""

import asyncio
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from fakes.child_process import serving
from fakes.cr_documents import gateway_document, group_document, route
from fakes.cr_files import write
from fakes.raw_session import RawSession


@dataclass
class Terminal:
    """A process on a terminal of its own."""

    process: asyncio.subprocess.Process
    descriptor: int
    raw: bytearray = field(default_factory=bytearray)

    def text(self) -> str:
        return self.raw.decode(errors="replace").replace("\r\n", "\n")

    async def shows(self, text: str, seconds: float = 10.0) -> str:
        deadline = asyncio.get_running_loop().time() + seconds
        while text not in self.text():
            assert asyncio.get_running_loop().time() < deadline, self.text()
            await asyncio.sleep(0.02)
        return self.text()

    def _read(self) -> None:
        try:
            self.raw += os.read(self.descriptor, 65_536)
        except OSError:
            asyncio.get_running_loop().remove_reader(self.descriptor)


@asynccontextmanager
async def on_terminal(*arguments: str | Path, columns: int = 100) -> AsyncIterator[Terminal]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    command = [sys.executable, "-m", "moorage_local", "up", *map(str, arguments)]
    command += ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    terminal = Terminal(process, ours)
    asyncio.get_running_loop().add_reader(ours, terminal._read)
    try:
        yield terminal
    finally:
        asyncio.get_running_loop().remove_reader(ours)
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        os.close(ours)


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with serving("fakes.stateful_server") as server:
        yield server.url()


def files(folder: Path, url: str) -> Path:
    source = {"external": {"endpoints": [{"url": url}]}}
    gateway = gateway_document(routes=[route("/mcp", "tickets")])
    return write(folder / "a.yaml", gateway, group_document(source=source))


def base_url(terminal: Terminal) -> str:
    return terminal.text().partition("/mcp")[0].rpartition("  ")[2]


async def get(terminal: Terminal, host: str) -> int:
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{base_url(terminal)}/mcp", headers={"Host": host}) as answer,
    ):
        return answer.status


async def test_the_summary_follows_what_happens(tmp_path: Path, url: str) -> None:
    async with on_terminal(files(tmp_path, url)) as terminal:
        shown = await terminal.shows("0 sessions   0 streams   0 requests, 0 a second   0 refused")
        assert "1 endpoint ready" in shown
        await get(terminal, "evil.example.com")
        shown = await terminal.shows("refused: HostNotAllowed 1")
        assert '{"time"' not in shown
        assert "\x1b[" in shown


async def test_changes_are_told_above_the_summary(tmp_path: Path, url: str) -> None:
    file = files(tmp_path, url)
    async with on_terminal(file) as terminal:
        await terminal.shows("0 sessions")
        write(file, gateway_document())
        shown = await terminal.shows("the last good configuration serves on")
        assert 'no McpUpstreamGroup "tickets" in these files' in await terminal.shows("add the")
        assert "'file'" not in shown
        # The summary is drawn again below what was said.
        await asyncio.sleep(1.2)
        assert terminal.text().rindex("0 sessions") > terminal.text().rindex("add the group")


async def test_ctrl_c_stops_it(tmp_path: Path, url: str) -> None:
    async with on_terminal(files(tmp_path, url)) as terminal:
        await terminal.shows("0 sessions")
        terminal.process.send_signal(signal.SIGINT)
        await terminal.shows("stopping; Ctrl-C again to stop at once")
        assert await asyncio.wait_for(terminal.process.wait(), 10) == 0
        assert "Traceback" not in terminal.text()


async def test_a_terminal_that_stands_still_does_not_stop_the_gateway(
    tmp_path: Path, url: str
) -> None:
    async with on_terminal(files(tmp_path, url)) as terminal:
        await terminal.shows("0 sessions")
        # Nobody reads what it prints any more: the terminal's buffer fills within a few changes.
        asyncio.get_running_loop().remove_reader(terminal.descriptor)
        file = tmp_path / "a.yaml"
        noisy = gateway_document(routes=[route(f"/{n}", f"nobody-{n}") for n in range(99)])
        for change in range(4):
            noisy["metadata"]["labels"] = {"change": str(change)}
            write(file, noisy)
            await asyncio.sleep(0.6)
        for _ in range(10):
            assert await asyncio.wait_for(get(terminal, "localhost"), 2) in (200, 400, 405, 406)


async def test_a_server_that_dies_is_told_with_its_name_and_last_words(tmp_path: Path) -> None:
    code = "import sys; sys.exit('reading the settings\\ncannot find tickets.toml \\x1b[2J')"
    group = group_document(source={"stdio": {"command": [sys.executable, "-c", code]}})
    file = write(tmp_path / "a.yaml", gateway_document(routes=[route("/mcp", "tickets")]), group)
    async with on_terminal(file) as terminal:
        await terminal.shows("0 sessions")
        with pytest.raises(AssertionError):
            await RawSession.opened(f"{base_url(terminal)}/mcp")
        shown = await terminal.shows("    cannot find tickets.toml")
        (told,) = {
            line.partition("tickets: ")[2].partition(" (")[0]
            for line in shown.splitlines()
            if "ended unasked" in line
        }
        assert told == "server process ended unasked"
        assert "how: exit code 1)" in shown
        assert "\n    reading the settings\n    cannot find tickets.toml " in shown
        assert "\x1b[2J" not in shown

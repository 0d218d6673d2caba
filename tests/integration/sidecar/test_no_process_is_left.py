"""The bridge as a process of its own: 200 sessions, clients killed, and the bridge killed."""

import asyncio
import json
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from fakes.launcher import start_launcher, stop_launcher

TESTS = Path(__file__).parents[2]
CLIENT = Path(__file__).with_name("client_process.py")
SERVER = TESTS / "fakes" / "stdio_servers" / "plain_server.py"
SESSIONS_A_CLIENT = 20
ROUNDS = 5


@pytest.fixture
def marker() -> str:
    """An argument by which the server processes of one test can be told from all others."""
    return f"marker-{uuid.uuid4()}"


@dataclass
class BridgeProcess:
    """A bridge as a child process."""

    process: asyncio.subprocess.Process
    url: str
    log: "asyncio.Task[list[bytes]]"
    parent: int
    """Whose children the servers are."""


@pytest.fixture(params=["child", "launcher"])
async def bridge_process(
    request: pytest.FixtureRequest, marker: str, tmp_path: Path
) -> AsyncIterator[BridgeProcess]:
    """A bridge with this marker in the command of its servers, wherever they run."""
    command = [sys.executable, "-u", str(SERVER), "2025-11-25", marker]
    if request.param == "child":
        async with bridge_in_front_of("--", *command) as bridge:
            yield bridge
        return
    socket = tmp_path / "server.sock"
    launcher = start_launcher(socket, *command)
    try:
        async with bridge_in_front_of("--socket", str(socket)) as bridge:
            yield replace(bridge, parent=launcher.pid)
    finally:
        stop_launcher(launcher, socket)


@asynccontextmanager
async def bridge_in_front_of(*server: str) -> AsyncIterator[BridgeProcess]:
    """Start it, and kill it if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "moorage_sidecar", "--listen", "127.0.0.1:0"),
        *("--name", "stress", "--drain-seconds", "1", *server),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    first = json.loads(await process.stderr.readline())
    log = asyncio.create_task(read_lines(process.stderr))
    yield BridgeProcess(process, first["address"], log, process.pid)
    if process.returncode is None:
        process.kill()
    await process.wait()
    await log


async def read_lines(stream: asyncio.StreamReader) -> list[bytes]:
    return [line async for line in stream]


def server_processes(marker: str) -> list[int]:
    """Living server processes of this test."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                arguments = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if marker.encode() in arguments and str(SERVER).encode() in arguments[:3]:
                found.append(int(entry.name))
    return found


def zombie_children(parent: int) -> list[int]:
    """Children of a process that ended and were not waited for."""
    zombies = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, owner = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if state == "Z" and int(owner) == parent:
                zombies.append(int(entry.name))
    return zombies


async def start_client(url: str, how: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(CLIENT), url, str(SESSIONS_A_CLIENT), how),
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


async def one_round(url: str) -> None:
    """Half of the sessions are ended by their client, the client of the others is killed."""
    killed, proper = await asyncio.gather(start_client(url, "killed"), start_client(url, "proper"))
    killed.send_signal(signal.SIGKILL)
    await asyncio.gather(killed.wait(), proper.wait())
    assert proper.returncode == 0


@pytest.mark.timeout(120)
async def test_200_sessions_half_of_them_with_a_killed_client(
    bridge_process: BridgeProcess, marker: str
) -> None:
    for _ in range(ROUNDS):
        await one_round(bridge_process.url)
    await asyncio.sleep(5)

    assert server_processes(marker) == []
    assert zombie_children(bridge_process.parent) == []
    assert bridge_process.process.returncode is None


async def test_sigterm_stops_the_bridge_and_every_server(
    bridge_process: BridgeProcess, marker: str
) -> None:
    client = await start_client(bridge_process.url, "killed")
    assert len(server_processes(marker)) == SESSIONS_A_CLIENT

    bridge_process.process.terminate()
    assert await asyncio.wait_for(bridge_process.process.wait(), 10) == 0

    assert server_processes(marker) == []
    events = [json.loads(line)["event"] for line in await bridge_process.log]
    assert events.count("server process ended") == SESSIONS_A_CLIENT
    client.kill()
    await client.wait()


async def test_a_killed_bridge_leaves_no_server_that_heeds_end_of_file(
    bridge_process: BridgeProcess, marker: str
) -> None:
    client = await start_client(bridge_process.url, "killed")

    bridge_process.process.kill()
    await bridge_process.process.wait()
    await asyncio.sleep(2)

    assert server_processes(marker) == []
    client.kill()
    await client.wait()

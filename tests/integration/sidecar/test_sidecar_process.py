"""The sidecar as its pod runs it: health, the group's key, and the drain before the pod's end."""

import asyncio
import json
import os
import socket as socketlib
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from fakes.launcher import launcher_binary, start_launcher, stop_launcher
from integration.sidecar.fixture_types import Eventually
from integration.sidecar.raw_client import RawSession, initialize_message

SERVER = Path(__file__).parents[2] / "fakes" / "stdio_servers" / "plain_server.py"
COMMAND = (sys.executable, "-u", str(SERVER))
KEY, NEXT_KEY, THIRD_KEY = "a" * 64, "b" * 64, "c" * 64
DRAIN_SECONDS = "5"


@dataclass
class Sidecar:
    """A running sidecar."""

    process: asyncio.subprocess.Process
    address: str
    health: str
    key_file: Path
    log: list[dict[str, object]]

    def events(self) -> list[object]:
        return [line["event"] for line in self.log]


@pytest.fixture
def socket(tmp_path: Path) -> Path:
    return tmp_path / "server.sock"


@pytest.fixture
def launch(socket: Path) -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    """Start the launcher, as the server's container does after the sidecar."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> "subprocess.Popen[bytes]":
        started.append(start_launcher(socket, *COMMAND))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            stop_launcher(process, socket)


@pytest.fixture
async def sidecar(socket: Path, tmp_path: Path) -> AsyncIterator[Sidecar]:
    """One that demands the key, and has waited for no launcher."""
    async with running_sidecar(socket, tmp_path) as started:
        yield started


@asynccontextmanager
async def running_sidecar(
    socket: Path, folder: Path, host: str = "127.0.0.1"
) -> AsyncIterator[Sidecar]:
    key_file = folder / "key"
    key_file.write_text(KEY)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "moorage_sidecar", "--listen", "127.0.0.1:0"),
        *("--health", f"{host}:0", "--name", "agents/notes", "--socket", str(socket)),
        *("--key-file", str(key_file), "--drain-seconds", DRAIN_SECONDS),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    first = json.loads(await process.stderr.readline())
    log: list[dict[str, object]] = []
    reading = asyncio.create_task(read_log(process.stderr, log))
    yield Sidecar(process, first["address"], first["health"], key_file, log)
    with suppress(ProcessLookupError):
        process.terminate()
    assert await asyncio.wait_for(process.wait(), 20) == 0
    await reading


async def read_log(stream: asyncio.StreamReader, log: list[dict[str, object]]) -> None:
    async for line in stream:
        log.append(json.loads(line))


@asynccontextmanager
async def caller(key: str = KEY) -> AsyncIterator[aiohttp.ClientSession]:
    timeout = aiohttp.ClientTimeout(total=20)
    async with aiohttp.ClientSession(headers={"moorage-key": key}, timeout=timeout) as http:
        yield http


async def page(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return answer.status, await answer.text()


async def test_it_is_alive_at_once_and_ready_while_a_launcher_answers(
    sidecar: Sidecar, launch: Callable[[], "subprocess.Popen[bytes]"], socket: Path
) -> None:
    assert await page(sidecar.health + "/healthz") == (200, "alive\n")
    status, why = await page(sidecar.health + "/readyz")
    assert (status, why) == (503, f"no launcher answers at {socket}\n")

    launcher = launch()
    assert await page(sidecar.health + "/readyz") == (200, "ready\n")

    launcher.kill()
    launcher.wait()
    assert (await page(sidecar.health + "/readyz"))[0] == 503
    assert (await page(sidecar.health + "/healthz"))[0] == 200


async def test_a_drain_ends_calls_then_servers_and_lets_the_launcher_go(
    sidecar: Sidecar, launch: Callable[[], "subprocess.Popen[bytes]"], eventually: Eventually
) -> None:
    launcher = launch()
    async with caller() as http:
        session = await RawSession(http, sidecar.address).open()
        running = asyncio.create_task(session.call("wait", 1, seconds=1.5))
        await asyncio.sleep(0.3)
        launcher.terminate()  # as the kubelet does at the same moment
        draining = await pre_stop(sidecar)
        await eventually(lambda: "bridge stops" in sidecar.events())

        async with RawSession(http, sidecar.address).post(initialize_message()) as refused:
            assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
        assert (await page(sidecar.health + "/readyz"))[0] == 503
        assert launcher.poll() is None and draining.returncode is None
        assert (await running)["result"] == {}

    assert await asyncio.wait_for(draining.wait(), 10) == 0
    assert sidecar.events()[-2:] == ["server process ended", "bridge is drained"]
    assert launcher.wait(5) == 0


async def pre_stop(sidecar: Sidecar) -> asyncio.subprocess.Process:
    """The hook of the sidecar's container."""
    port = sidecar.health.rpartition(":")[2]
    return await asyncio.create_subprocess_exec(launcher_binary(), "drain", f"127.0.0.1:{port}")


async def test_a_drain_of_a_sidecar_that_is_gone_fails_at_once(sidecar: Sidecar) -> None:
    sidecar.process.terminate()
    await sidecar.process.wait()
    assert await asyncio.wait_for((await pre_stop(sidecar)).wait(), 5) == 1


async def test_nobody_else_may_drain(socket: Path, tmp_path: Path) -> None:
    own = own_address()
    if own is None:
        pytest.skip("this machine has no address but loopback")
    async with running_sidecar(socket, tmp_path, host="0.0.0.0") as sidecar:
        port = sidecar.health.rpartition(":")[2]
        status, why = await page(f"http://{own}:{port}/drain")
        assert (status, why.partition(":")[0]) == (403, "only this pod may drain itself")
        assert (await page(f"http://{own}:{port}/healthz"))[0] == 200
        assert "bridge stops" not in sidecar.events()


def own_address() -> str | None:
    """An address of this machine from which it speaks to others; nothing is sent."""
    with socketlib.socket(socketlib.AF_INET, socketlib.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address: str = probe.getsockname()[0]
    return None if address.startswith("127.") else address


async def test_an_exchanged_key_is_taken_and_the_one_before_stays_good(
    sidecar: Sidecar, launch: Callable[[], "subprocess.Popen[bytes]"]
) -> None:
    launch()
    assert await statuses(sidecar, KEY, NEXT_KEY, "") == [204, 401, 401]

    exchange(sidecar.key_file, NEXT_KEY)
    await asyncio.sleep(1.1)
    assert await statuses(sidecar, KEY, NEXT_KEY, THIRD_KEY) == [204, 204, 401]

    exchange(sidecar.key_file, THIRD_KEY)
    await asyncio.sleep(1.1)
    assert await statuses(sidecar, KEY, NEXT_KEY, THIRD_KEY) == [401, 204, 204]

    shown = json.dumps(sidecar.log)
    assert not any(key in shown for key in (KEY, NEXT_KEY, THIRD_KEY))


def exchange(key_file: Path, key: str) -> None:
    """As the kubelet does: the whole file at once."""
    fresh = key_file.with_suffix(".fresh")
    fresh.write_text(key)
    os.replace(fresh, key_file)


async def statuses(sidecar: Sidecar, *keys: str) -> list[int]:
    found = []
    for key in keys:
        async with caller(key) as http, http.options(sidecar.address + "/mcp") as answer:
            found.append(answer.status)
    return found

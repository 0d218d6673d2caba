"""A child that left the process group and keeps writing keeps no server from ending."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from fakes.launcher import start_launcher
from moorage_sidecar import BridgeLimits, LaunchedServer, StdioServer
from moorage_sidecar.processes.process_log import ProcessLog
from moorage_sidecar.processes.server_process import ServerProcess
from moorage_sidecar.stdio_server import BridgedServer

END_SECONDS = 4.0


@pytest.fixture(params=["local", "launched"])
def chatty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BridgedServer]:
    pid_file, socket = tmp_path / "pid", tmp_path / "server.sock"
    beats = f"echo $$ > {pid_file}; while :; do echo beat >&2; sleep 0.2; done"
    command = ("sh", "-c", f"setsid sh -c '{beats}' & exec cat")
    if request.param == "local":
        launcher = None
        yield StdioServer(command)
    else:
        launcher = start_launcher(socket, *command)
        yield LaunchedServer("chatty", str(socket))
    os.kill(int(pid_file.read_text()), signal.SIGKILL)
    if launcher is not None:
        launcher.kill()
        launcher.wait()


async def test_its_server_ends_all_the_same(chatty: BridgedServer) -> None:
    process = await ServerProcess.start(chatty, BridgeLimits(), ProcessLog({}))
    await asyncio.sleep(0.5)
    begun = monotonic()

    ended = await asyncio.wait_for(process.end(), 15)

    assert monotonic() - begun < END_SECONDS
    assert ended.status == 0
    assert "beat" in ended.stderr_tail

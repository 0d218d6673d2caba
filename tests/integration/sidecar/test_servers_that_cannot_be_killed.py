"""What does not end is left behind, and holds nothing of the bridge."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.launcher import start_launcher, stop_launcher
from integration.sidecar.fixture_types import Eventually
from moorage_sidecar import BridgeLimits, LaunchedServer
from moorage_sidecar.processes.process_log import ProcessLog
from moorage_sidecar.processes.server_process import ServerProcess

IDLE = (sys.executable, "-c", "import time; time.sleep(60)")


@pytest.fixture
def socket(tmp_path: Path) -> Path:
    return tmp_path / "server.sock"


@pytest.fixture
def launcher(socket: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """One that a test may stop: no signal reaches its servers then."""
    process = start_launcher(socket, *IDLE)
    yield process
    process.send_signal(signal.SIGCONT)
    stop_launcher(process, socket)


async def test_its_connection_is_closed_so_that_the_launcher_ends_it_when_it_can(
    launcher: "subprocess.Popen[bytes]", socket: Path, eventually: Eventually
) -> None:
    server = LaunchedServer("idle", str(socket))
    process = await ServerProcess.start(server, BridgeLimits(close_seconds=0.1), ProcessLog({}))
    launcher.send_signal(signal.SIGSTOP)
    files_before = len(os.listdir("/proc/self/fd"))

    await process.end()

    await eventually(lambda: len(os.listdir("/proc/self/fd")) == files_before - 1)
    await process.drain()
    assert is_there(process)
    launcher.send_signal(signal.SIGCONT)
    await eventually(lambda: not is_there(process))


def is_there(process: ServerProcess) -> bool:
    return Path(f"/proc/{process.pid}").exists()

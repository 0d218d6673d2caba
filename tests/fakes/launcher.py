"""The launcher, built from its source once and run on this machine."""

import shutil
import socket as socketlib
import subprocess
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic, sleep

import pytest

from fakes.one_at_a_time import one_at_a_time
from moorage_sidecar.processes.launcher_frames import DRAINED, HEAD_BYTES, HERE, encode_frame

SOURCE = Path(__file__).parents[2] / "dataplane" / "launcher"
BUILD_SECONDS = 180
START_SECONDS = 5
STOP_SECONDS = 5


@cache
def launcher_binary() -> Path:
    """Build it; skips where there is no Go."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("needs Go to build the launcher: https://go.dev/dl")
    binary = Path(mkdtemp(prefix="launcher-")) / "launcher"
    build = [go, "build", "-o", str(binary), "."]
    with one_at_a_time(Path(__file__)):  # the first one fills Go's cache for the others
        subprocess.run(build, cwd=SOURCE, check=True, timeout=BUILD_SECONDS)
    return binary


def start_launcher(
    socket: Path, *command: str, max_connections: int = 256
) -> "subprocess.Popen[bytes]":
    """A launcher that listens."""
    limit = ["--max-connections", str(max_connections)]
    serve = [str(launcher_binary()), "serve", "--socket", str(socket), *limit, "--", *command]
    process = subprocess.Popen(serve, stderr=subprocess.DEVNULL)
    deadline = monotonic() + START_SECONDS
    while not _listens(socket):
        assert process.poll() is None and monotonic() < deadline, "the launcher did not start"
        sleep(0.01)
    return process


def _listens(socket: Path) -> bool:
    """The file is there a moment before anybody listens."""
    with socketlib.socket(socketlib.AF_UNIX) as door:
        return door.connect_ex(str(socket)) == 0


def stop_launcher(process: "subprocess.Popen[bytes]", socket: Path) -> None:
    """End it as a sidecar does that has no server left, and whatever it still runs."""
    with socketlib.socket(socketlib.AF_UNIX) as door:
        door.connect(str(socket))
        door.sendall(encode_frame(DRAINED))
        assert door.recv(HEAD_BYTES) == encode_frame(HERE)
    process.terminate()
    try:
        assert process.wait(STOP_SECONDS) == 0
    finally:
        process.kill()
        process.wait()

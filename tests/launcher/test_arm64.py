"""The launcher for arm64 serves, as far as an emulator (qemu-user) on this machine can show it.

The servers that it starts are this machine's own programs: only the launcher is emulated.
"""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest

from fakes.launcher import SOURCE, stop_launcher
from moorage_sidecar.processes.launcher_frames import (
    EXIT,
    START,
    STARTED,
    STDIN,
    STDIN_END,
    STDOUT,
    FrameReader,
    encode_frame,
    number_in,
)

GO = shutil.which("go")
QEMU = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")
NEEDS_EMULATOR = pytest.mark.skipif(
    QEMU is None, reason="needs an emulator of arm64: apt-get install qemu-user-static"
)
pytestmark = [pytest.mark.skipif(GO is None, reason="needs Go: https://go.dev/dl"), NEEDS_EMULATOR]
START_SECONDS = 10
ANSWER_SECONDS = 10


@pytest.fixture(scope="module")
def arm64_launcher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make launcher` builds it."""
    binary = tmp_path_factory.mktemp("arm64") / "launcher"
    environment = {**os.environ, "GOOS": "linux", "GOARCH": "arm64", "CGO_ENABLED": "0"}
    command = [str(GO), "build", "-trimpath", "-o", str(binary), "."]
    subprocess.run(command, cwd=SOURCE, env=environment, check=True, timeout=180)
    return binary


def test_a_server_is_started_spoken_to_and_ended(arm64_launcher: Path, tmp_path: Path) -> None:
    with _serving(arm64_launcher, tmp_path / "server.sock", "cat") as door:
        door.sendall(encode_frame(START) + encode_frame(STDIN, b"over\n") + encode_frame(STDIN_END))
        frames = list(_frames(door))
    kinds = [kind for kind, _ in frames]
    assert kinds[0] == STARTED
    assert b"".join(payload for kind, payload in frames if kind == STDOUT) == b"over\n"
    assert kinds[-1] == EXIT and number_in(frames[-1][1]) == 0


def test_it_installs_itself(arm64_launcher: Path, tmp_path: Path) -> None:
    copied = tmp_path / "copied"
    subprocess.run([str(QEMU), str(arm64_launcher), "install", str(copied)], check=True)
    assert copied.read_bytes() == arm64_launcher.read_bytes()
    assert copied.stat().st_mode & 0o777 == 0o755


@contextmanager
def _serving(launcher: Path, path: Path, *command: str) -> Iterator[socket.socket]:
    """A connection to a launcher that runs in the emulator."""
    serve = [str(QEMU), str(launcher), "serve", "--socket", str(path), "--", *command]
    process = subprocess.Popen(serve)
    try:
        with _connected(path) as door:
            yield door
    finally:
        stop_launcher(process, path)


def _connected(path: Path) -> socket.socket:
    door = socket.socket(socket.AF_UNIX)
    door.settimeout(ANSWER_SECONDS)
    deadline = monotonic() + START_SECONDS
    while door.connect_ex(str(path)):
        assert monotonic() < deadline, "the launcher did not listen"
        sleep(0.02)
    return door


def _frames(door: socket.socket) -> Iterator[tuple[int, bytes]]:
    """All that the launcher says until it closes."""
    reader = FrameReader()
    while octets := door.recv(65_536):
        yield from reader.feed(octets)

"""Starting the processes of a test, and ending every one of them.

A child asks the kernel to be killed with its parent, so that an aborted test run leaves none.
"""

import asyncio
import ctypes
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

TESTS_ROOT = Path(__file__).resolve().parents[1]
_ROOTS = [TESTS_ROOT, *(TESTS_ROOT.parent / name for name in ("operator", "dataplane"))]
"""Of this tree, before whatever is installed: a child runs the code that its test stands beside."""
STOP_SECONDS = 10.0
_POLL_SECONDS = 0.02
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class ChildProcessError(RuntimeError):
    """A child did not start, or ended when it should not have."""


@dataclass(slots=True)
class ChildProcess:
    """One running child; everything it prints is in `output_file`."""

    name: str
    process: asyncio.subprocess.Process
    output_file: Path
    may_have_ended: bool = False
    """True when the test itself killed it or waited for its end."""

    @property
    def pid(self) -> int:
        return self.process.pid

    def output(self) -> str:
        return self.output_file.read_text(errors="replace")

    def kill(self) -> None:
        """Sends SIGKILL: the child gets no chance to say goodbye."""
        self.may_have_ended = True
        self.process.kill()

    async def stop(self) -> None:
        """Asks with SIGTERM and waits; kills after STOP_SECONDS."""
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()

    async def wait(self, seconds: float) -> int:
        """The exit code, once the child has ended of itself."""
        self.may_have_ended = True
        try:
            return await asyncio.wait_for(self.process.wait(), seconds)
        except TimeoutError:
            raise ChildProcessError(
                f"{self.name} still ran after {seconds} s; it printed:\n{self.output()[-4000:]}"
            ) from None

    def require_running(self) -> None:
        if self.process.returncode is not None:
            raise ChildProcessError(
                f"{self.name} ended with {self.process.returncode}; it printed:\n"
                f"{self.output()[-4000:]}"
            )


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A child that listens on 127.0.0.1."""

    child: ChildProcess
    port: int
    admin_port: int | None = None

    def url(self, path: str = "/mcp") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@asynccontextmanager
async def running(
    name: str, command: Sequence[str | Path], environment: Mapping[str, str] | None = None
) -> AsyncIterator[ChildProcess]:
    with tempfile.TemporaryDirectory(prefix="moorage-child-") as folder:
        output_file = Path(folder) / "output"
        child = await start(name, command, environment or {}, output_file)
        try:
            yield child
            if not child.may_have_ended:
                child.require_running()  # a server that died under a test is never nothing
        finally:
            await child.stop()


async def start(
    name: str,
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    output_file: Path,
    pipe_bytes: int | None = None,
) -> ChildProcess:
    """Starts a child; with `pipe_bytes` its stdin and stdout are pipes with lines that long."""
    pipe = asyncio.subprocess.PIPE if pipe_bytes else None
    with output_file.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, _ROOTS)), **environment},
            stdin=pipe or asyncio.subprocess.DEVNULL,
            stdout=pipe or output,
            stderr=output,
            limit=pipe_bytes or 2**16,
            preexec_fn=_die_with_parent,
        )
    return ChildProcess(name, process, output_file)


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@asynccontextmanager
async def serving(
    module: str, *arguments: str, ready_seconds: float = 60.0
) -> AsyncIterator[ServerProcess]:
    """A server of `fakes` as `python -m MODULE --port-file F …`, ready when this yields."""
    with tempfile.TemporaryDirectory(prefix="moorage-port-") as folder:
        port_file = Path(folder) / "port"
        command = [sys.executable, "-m", module, "--port-file", str(port_file), *arguments]
        async with running(module, command) as child:
            port = await _read_port(child, port_file, ready_seconds)
            yield ServerProcess(child, port)


async def _read_port(child: ChildProcess, port_file: Path, ready_seconds: float) -> int:
    deadline = asyncio.get_running_loop().time() + ready_seconds
    while (port := _told_port(port_file)) is None:
        child.require_running()
        if asyncio.get_running_loop().time() > deadline:
            raise ChildProcessError(
                f"{child.name} told no port within {ready_seconds} s; it printed:\n"
                f"{child.output()[-4000:]}"
            )
        await asyncio.sleep(_POLL_SECONDS)
    return port


def _told_port(port_file: Path) -> int | None:
    return int(port_file.read_text()) if port_file.exists() else None

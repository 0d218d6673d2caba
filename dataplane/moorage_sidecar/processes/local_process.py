"""A server process of this machine: a child of the bridge."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Sequence
from typing import IO, Final, cast

from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.processes.environment import child_environment
from moorage_sidecar.processes.exit_watch import ExitWatch
from moorage_sidecar.processes.pipes import OutputPipe, StdinPipe
from moorage_sidecar.processes.process_exit import ProcessExit
from moorage_sidecar.refusals import DidNotStart
from moorage_sidecar.stdio_server import StdioServer

OUTPUT_SILENCE_SECONDS: Final = 0.5
"""Silence after the end that tells that nothing is left in a pipe that stays open."""
OUTPUT_SECONDS: Final = 2.0
"""How long after the end both outputs are read at most, silent or not."""


class LocalProcess:
    """A child that leads a process group, and the three pipes to it."""

    def __init__(self, popen: "subprocess.Popen[bytes]", limits: BridgeLimits) -> None:
        self.pid = popen.pid
        self.stdout = OutputPipe()
        self.stderr = OutputPipe()
        self._popen = popen
        self._watch = ExitWatch(popen)
        self._stdin = StdinPipe(limits.stdin_queue_bytes)

    @classmethod
    async def start(cls, server: StdioServer, limits: BridgeLimits) -> "LocalProcess":
        """Start the command in a process group of its own; raises ``DidNotStart``."""
        popen = _spawn(server)
        try:
            process = cls(popen, limits)
        except OSError as error:  # no file descriptor left to watch it with
            popen.kill()
            popen.wait()
            raise DidNotStart(server.program, f"{error}") from None
        try:
            await process._connect()
        except BaseException:
            await process.give_up(limits.close_seconds)
            raise
        return process

    @property
    def ended(self) -> "asyncio.Future[ProcessExit]":
        return self._watch.ended

    def write_lines(self, messages: Sequence[bytes]) -> None:
        self._stdin.write_lines(messages)

    def close_stdin(self) -> None:
        self._stdin.close()

    def abort_stdin(self) -> None:
        self._stdin.abort()

    def signal_group(self, number: int) -> None:
        self._watch.signal_group(number)

    async def outputs_over(self) -> None:
        await asyncio.shield(self._watch.ended)
        latest = asyncio.get_running_loop().time() + OUTPUT_SECONDS
        await self.stderr.close_when_silent(OUTPUT_SILENCE_SECONDS, latest)
        await self.stdout.close_when_silent(OUTPUT_SILENCE_SECONDS, latest)

    async def give_up(self, seconds: float) -> None:
        self.signal_group(signal.SIGKILL)
        await asyncio.wait([self.ended], timeout=seconds)
        for pipe in (self._stdin, self.stdout, self.stderr):
            pipe.abort()
        for file in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
            cast(IO[bytes], file).close()

    async def _connect(self) -> None:
        await self._stdin.connect(cast(IO[bytes], self._popen.stdin))
        await self.stdout.connect(cast(IO[bytes], self._popen.stdout))
        await self.stderr.connect(cast(IO[bytes], self._popen.stderr))


def _spawn(server: StdioServer) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            server.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=child_environment(os.environ, server.environment),
            cwd=server.working_directory,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise DidNotStart(server.program, f"{error}") from None

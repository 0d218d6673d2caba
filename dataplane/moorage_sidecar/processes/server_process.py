"""One running stdio server: lines in, lines out, one end.

Framing and shutdown: MCP specification, ``basic/transports`` (stdio) and ``basic/lifecycle``
(shutdown): close stdin, wait, SIGTERM, wait, SIGKILL; here always for the whole process group.
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from typing import IO, Final, cast

from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.processes.environment import child_environment
from moorage_sidecar.processes.exit_watch import ExitWatch
from moorage_sidecar.processes.pipes import OutputPipe, StdinPipe
from moorage_sidecar.processes.process_exit import ProcessExit
from moorage_sidecar.processes.process_log import LINE_BYTES, ProcessLog
from moorage_sidecar.refusals import DidNotStart
from moorage_sidecar.stdio_server import StdioServer
from moorage_wire.stdio import LineReader

OUTPUT_SILENCE_SECONDS: Final = 0.5
"""Silence after the end that tells that nothing is left in a pipe that stays open."""
LADDER: Final = (signal.SIGTERM, signal.SIGKILL)


class ServerProcess:
    """A process group whose leader speaks MCP over its pipes."""

    def __init__(
        self, popen: "subprocess.Popen[bytes]", limits: BridgeLimits, log: ProcessLog
    ) -> None:
        self.pid = popen.pid
        self.log = log
        self._limits = limits
        self._watch = ExitWatch(popen)
        self._stdin = StdinPipe(limits.stdin_queue_bytes)
        self._stdout = OutputPipe()
        self._stderr = OutputPipe()
        self._tasks: list[asyncio.Task[None]] = []
        self._ending: asyncio.Task[ProcessExit] | None = None

    @classmethod
    async def start(
        cls, server: StdioServer, limits: BridgeLimits, log: ProcessLog
    ) -> "ServerProcess":
        """Start the command in a process group of its own; raises ``DidNotStart``."""
        popen = _spawn(server)
        try:
            process = cls(popen, limits, log)
        except OSError as error:  # no file descriptor left to watch it with
            popen.kill()
            popen.wait()
            raise DidNotStart(server.program, f"{error}") from None
        try:
            await process._connect(popen)
        except BaseException:
            await process._give_up(popen)
            raise
        log.event("server process started", pid=popen.pid, program=server.program)
        return process

    async def _connect(self, popen: "subprocess.Popen[bytes]") -> None:
        await self._stdin.connect(cast(IO[bytes], popen.stdin))
        await self._stdout.connect(cast(IO[bytes], popen.stdout))
        await self._stderr.connect(cast(IO[bytes], popen.stderr))
        self._tasks = [
            asyncio.create_task(self._log_stderr()),
            asyncio.create_task(self._close_output_after_end()),
        ]

    async def _give_up(self, popen: "subprocess.Popen[bytes]") -> None:
        """End a process whose start was not finished, and close what it was given."""
        self._watch.signal_group(signal.SIGKILL)
        await self._ends_within(self._limits.close_seconds)
        for pipe in (self._stdin, self._stdout, self._stderr):
            pipe.abort()
        for file in (popen.stdin, popen.stdout, popen.stderr):
            cast(IO[bytes], file).close()

    def send(self, *messages: bytes) -> None:
        """Queue messages for the server's stdin, all or none; raises ``NotReading``."""
        self._stdin.write_lines(messages)

    async def lines(self) -> AsyncIterator[bytes]:
        """Lines of stdout until it ends; raises ``LineTooLong``, after which nothing comes."""
        reader = LineReader(self._limits.line_bytes)
        while chunk := await self._stdout.read():
            for line in reader.feed(chunk):
                yield line

    async def drain(self) -> None:
        """Read stdout to its end and drop it: a server that cannot write cannot exit."""
        while await self._stdout.read():
            pass

    async def end(self) -> ProcessExit:
        """Take the process down by the ladder; safe to call often, the steps run once."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._descend())
        return await asyncio.shield(self._ending)

    async def _descend(self) -> ProcessExit:
        self._stdin.close()
        for number in LADDER:
            if await self._ends_within(self._limits.close_seconds):
                break
            self.log.event("server process does not end; signalling its group", signal=number.name)
            self._watch.signal_group(number)
        status = await self._final_status()
        self._stdin.abort()
        await asyncio.wait(self._tasks)
        self.log.flush()
        ended = ProcessExit(status, self.log.tail())
        self.log.event("server process ended", pid=self.pid, how=ended.describe())
        return ended

    async def _final_status(self) -> int:
        if await self._ends_within(self._limits.close_seconds):
            return self._watch.ended.result()
        self.log.event("server process cannot be killed; it is left behind", pid=self.pid)
        for task in self._tasks:
            task.cancel()
        return -signal.SIGKILL

    async def _ends_within(self, seconds: float) -> bool:
        done, _ = await asyncio.wait([self._watch.ended], timeout=seconds)
        return bool(done)

    async def _log_stderr(self) -> None:
        rest = b""
        while chunk := await self._stderr.read():
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > LINE_BYTES:
                lines, rest = [*lines, rest], b""
            for line in filter(None, lines):
                self.log.stderr(line)
        if rest:
            self.log.stderr(rest)

    async def _close_output_after_end(self) -> None:
        await asyncio.shield(self._watch.ended)
        await self._stderr.close_when_silent(OUTPUT_SILENCE_SECONDS)
        await self._stdout.close_when_silent(OUTPUT_SILENCE_SECONDS)


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

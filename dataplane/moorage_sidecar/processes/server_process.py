"""One running stdio server: lines in, lines out, one end.

Framing and shutdown: MCP specification, ``basic/transports`` (stdio) and ``basic/lifecycle``
(shutdown): close stdin, wait, SIGTERM, wait, SIGKILL; here always for the whole process group.
"""

import asyncio
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.processes.launched_process import LaunchedProcess
from moorage_sidecar.processes.local_process import LocalProcess
from moorage_sidecar.processes.process_channel import ProcessChannel
from moorage_sidecar.processes.process_exit import ProcessExit
from moorage_sidecar.processes.process_log import LINE_BYTES, ProcessLog
from moorage_sidecar.stdio_server import BridgedServer, LaunchedServer
from moorage_wire.stdio import LineReader

LADDER: Final = (signal.SIGTERM, signal.SIGKILL)
OUTPUT_SECONDS: Final = 3.0
"""For the rest of the outputs; a second more than whoever reads the pipes takes for them."""


class ServerProcess:
    """A process group whose leader speaks MCP over its pipes."""

    def __init__(self, channel: ProcessChannel, limits: BridgeLimits, log: ProcessLog) -> None:
        self.pid = channel.pid
        self.log = log
        self._channel = channel
        self._limits = limits
        self._tasks = [
            asyncio.create_task(self._log_stderr()),
            asyncio.create_task(channel.outputs_over()),
        ]
        self._ending: asyncio.Task[ProcessExit] | None = None

    @classmethod
    async def start(
        cls, server: BridgedServer, limits: BridgeLimits, log: ProcessLog
    ) -> "ServerProcess":
        """Start the server where it belongs; raises ``DidNotStart``."""
        process = cls(await _start_channel(server, limits), limits, log)
        log.event("server process started", pid=process.pid, program=server.program)
        return process

    def send(self, *messages: bytes) -> None:
        """Queue messages for the server's stdin, all or none; raises ``NotReading``."""
        self._channel.write_lines(messages)

    async def lines(self) -> AsyncIterator[bytes]:
        """Lines of stdout until it ends; raises ``LineTooLong``, after which nothing comes."""
        reader = LineReader(self._limits.line_bytes)
        while chunk := await self._channel.stdout.read():
            for line in reader.feed(chunk):
                yield line

    async def drain(self) -> None:
        """Read stdout to its end and drop it: a server that cannot write cannot exit."""
        while await self._channel.stdout.read():
            pass

    async def end(self) -> ProcessExit:
        """Take the process down by the ladder; safe to call often, the steps run once."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._descend())
        return await asyncio.shield(self._ending)

    async def _descend(self) -> ProcessExit:
        self._channel.close_stdin()
        for number in LADDER:
            if await self._ends_within(self._limits.close_seconds):
                break
            self.log.event("server process does not end; signalling its group", signal=number.name)
            self._channel.signal_group(number)
        ended = await self._final_end()
        self._channel.abort_stdin()
        await self._last_outputs()
        self.log.flush()
        ended = replace(ended, stderr_tail=self.log.tail())
        self.log.event("server process ended", pid=self.pid, how=ended.describe())
        return ended

    async def _last_outputs(self) -> None:
        """What was written before the end; a child that left the group may write for ever."""
        _, unfinished = await asyncio.wait(self._tasks, timeout=OUTPUT_SECONDS)
        if unfinished:
            self.log.event("outputs do not end; they are read no more", pid=self.pid)
            await self._channel.give_up(0)
            for task in unfinished:
                task.cancel()

    async def _final_end(self) -> ProcessExit:
        if await self._ends_within(self._limits.close_seconds):
            return self._channel.ended.result()
        self.log.event("server process cannot be killed; it is left behind", pid=self.pid)
        await self._channel.give_up(0)
        for task in self._tasks:
            task.cancel()
        return ProcessExit(-signal.SIGKILL)

    async def _ends_within(self, seconds: float) -> bool:
        done, _ = await asyncio.wait([self._channel.ended], timeout=seconds)
        return bool(done)

    async def _log_stderr(self) -> None:
        rest = b""
        while chunk := await self._channel.stderr.read():
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > LINE_BYTES:
                lines, rest = [*lines, rest], b""
            for line in filter(None, lines):
                self.log.stderr(line)
        if rest:
            self.log.stderr(rest)


async def _start_channel(server: BridgedServer, limits: BridgeLimits) -> ProcessChannel:
    if isinstance(server, LaunchedServer):
        return await LaunchedProcess.start(server, limits)
    return await LocalProcess.start(server, limits)

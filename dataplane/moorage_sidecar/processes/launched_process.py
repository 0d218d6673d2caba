"""A server process in the user's container: one connection to the launcher there."""

import asyncio
import signal
from collections.abc import Sequence
from typing import Final, cast

from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.processes.held_output import HeldOutput
from moorage_sidecar.processes.launcher_frames import (
    EXIT,
    MAX_PAYLOAD_BYTES,
    NOT_STARTED,
    SIGNAL,
    START,
    STARTED,
    STDERR,
    STDIN,
    STDIN_END,
    STDOUT,
    TAKEN,
    WINDOW_BYTES,
    FrameReader,
    FrameTooLong,
    encode_frame,
    number_in,
)
from moorage_sidecar.processes.process_exit import ProcessExit
from moorage_sidecar.refusals import DidNotStart, NotReading
from moorage_sidecar.stdio_server import LaunchedServer

CONNECT_SECONDS: Final = 5.0
OUTPUT_QUEUE_BYTES: Final = 256 * 1024
"""What may lie here unread; past it the connection is not read, and the server waits."""
CONTAINER_ENDED: Final = (
    "its container: it ended or was restarted, perhaps for lack of memory (see the pod's status)"
)


class LaunchedProcess(asyncio.Protocol):
    """A process behind a launcher's socket; the connection is its life."""

    def __init__(self, limits: BridgeLimits) -> None:
        self._loop = asyncio.get_running_loop()
        self.pid = 0
        self.ended: asyncio.Future[ProcessExit] = self._loop.create_future()
        self.stdout = HeldOutput(self._resume_if_taken)
        self.stderr = HeldOutput(self._resume_if_taken)
        self._queue_bytes = limits.stdin_queue_bytes
        self._started: asyncio.Future[None] = self._loop.create_future()
        self._lost: asyncio.Future[None] = self._loop.create_future()
        self._frames = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._waiting = bytearray()
        self._untaken_bytes = 0
        self._stdin_ends = False
        self._end_was_sent = False
        self._stdin_closed_by_server = False
        self._paused = False

    @classmethod
    async def start(cls, server: LaunchedServer, limits: BridgeLimits) -> "LaunchedProcess":
        """Have the launcher start its command; raises ``DidNotStart``."""
        process = cls(limits)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await process._loop.create_unix_connection(lambda: process, server.socket_path)
                process._write(START)
                await asyncio.shield(process._started)
        except (OSError, NotStarted) as error:  # TimeoutError is an OSError
            process._close()
            how = str(error) or f"its container did not answer within {CONNECT_SECONDS:g} s"
            raise DidNotStart(server.program, how) from None
        except BaseException:
            await process.give_up(limits.close_seconds)
            raise
        return process

    # ---- what the bridge does --------------------------------------------------------------

    def write_lines(self, messages: Sequence[bytes]) -> None:
        if self._transport is None or self._stdin_ends or self._stdin_closed_by_server:
            raise NotReading("it has closed it")
        waiting_bytes = len(self._waiting) + self._untaken_bytes
        if waiting_bytes > self._queue_bytes:
            raise NotReading(f"{waiting_bytes} bytes already wait for it")
        for message in messages:
            self._waiting += message.translate(None, b"\r\n") + b"\n"
        self._pass_stdin()

    def close_stdin(self) -> None:
        self._stdin_ends = True
        self._pass_stdin()

    def abort_stdin(self) -> None:
        self._waiting.clear()
        self._stdin_ends = True

    def signal_group(self, number: int) -> None:
        if not self.ended.done():
            self._write(SIGNAL, bytes([number]))

    async def outputs_over(self) -> None:
        """The launcher watches over silence and closes the connection."""
        await asyncio.shield(self._lost)

    async def give_up(self, seconds: float) -> None:
        self.signal_group(signal.SIGKILL)
        await asyncio.wait([self.ended], timeout=seconds)
        self._close()

    # ---- what the launcher says ------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            frames = self._frames.feed(data)
        except FrameTooLong:
            self._close()
            return
        for kind, payload in frames:
            self._take(kind, payload)
        self._pause_if_full()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.stdout.end()
        self.stderr.end()
        if not self._started.done():
            self._started.set_exception(NotStarted("its container ended the connection"))
        if not self.ended.done():
            self.ended.set_result(ProcessExit(-signal.SIGKILL, ended_with=CONTAINER_ENDED))
        if not self._lost.done():
            self._lost.set_result(None)

    def _take(self, kind: int, payload: bytes) -> None:
        match kind:
            case _ if kind == STDOUT and payload:
                self.stdout.put(payload)
            case _ if kind == STDOUT:
                self.stdout.end()
            case _ if kind == STDERR:
                self.stderr.put(payload)
            case _ if kind == TAKEN:
                self._note_taken(number_in(payload))
            case _ if kind == EXIT:
                self._note_exit(number_in(payload), payload[4:].decode("utf-8", "replace"))
            case _ if kind == STARTED:
                self.pid = number_in(payload)
                self._started.set_result(None)
            case _ if kind == NOT_STARTED:
                self._started.set_exception(NotStarted(payload.decode("utf-8", "replace")))

    def _note_taken(self, count: int) -> None:
        if count == 0:
            self._stdin_closed_by_server = True
            self._waiting.clear()
            return
        self._untaken_bytes -= count
        self._pass_stdin()

    def _note_exit(self, status: int, remark: str) -> None:
        if not self.ended.done():
            self.ended.set_result(ProcessExit(status, remark=remark))

    # ---- both ways bounded -----------------------------------------------------------------

    def _pass_stdin(self) -> None:
        while self._waiting and self._untaken_bytes < WINDOW_BYTES:
            room = min(MAX_PAYLOAD_BYTES, WINDOW_BYTES - self._untaken_bytes)
            piece = bytes(self._waiting[:room])
            del self._waiting[:room]
            self._untaken_bytes += len(piece)
            self._write(STDIN, piece)
        if self._stdin_ends and not self._waiting and not self._end_was_sent:
            self._end_was_sent = True
            self._write(STDIN_END)

    def _pause_if_full(self) -> None:
        if not self._paused and self._held_bytes > OUTPUT_QUEUE_BYTES and self._transport:
            self._paused = True
            self._transport.pause_reading()

    def _resume_if_taken(self) -> None:
        if self._paused and self._held_bytes <= OUTPUT_QUEUE_BYTES // 2 and self._transport:
            self._paused = False
            self._transport.resume_reading()

    @property
    def _held_bytes(self) -> int:
        return self.stdout.held_bytes + self.stderr.held_bytes

    def _write(self, kind: int, payload: bytes = b"") -> None:
        if self._transport is not None:
            self._transport.write(encode_frame(kind, payload))

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class NotStarted(Exception):
    """The launcher says why."""

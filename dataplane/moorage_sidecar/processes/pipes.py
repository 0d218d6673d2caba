"""The three pipes of a stdio server, on the event loop."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import IO, Final

from moorage_sidecar.refusals import NotReading

READ_BYTES: Final = 64 * 1024


class StdinPipe(asyncio.BaseProtocol):
    """Writes lines; what waits for a server that does not read is bounded."""

    def __init__(self, queue_bytes: int) -> None:
        self._queue_bytes = queue_bytes
        self._transport: asyncio.WriteTransport | None = None

    async def connect(self, pipe: IO[bytes]) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.connect_write_pipe(lambda: self, pipe)

    def pause_writing(self) -> None:
        """Nothing waits here: the bound is checked before each message."""

    def resume_writing(self) -> None:
        """See ``pause_writing``."""

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def write_lines(self, messages: Sequence[bytes]) -> None:
        """Queue each message as one line; raises ``NotReading``, and then none is queued.

        Line ends inside valid JSON are white space between tokens, so they may go.
        """
        if self._transport is None or self._transport.is_closing():
            raise NotReading("it has closed it")
        waiting_bytes = self._transport.get_write_buffer_size()
        if waiting_bytes > self._queue_bytes:
            raise NotReading(f"{waiting_bytes} bytes already wait for it")
        lines = [message.translate(None, b"\r\n") + b"\n" for message in messages]
        self._transport.write(b"".join(lines))

    def close(self) -> None:
        """Send end of file after what is queued: the polite request to exit."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Give up what is queued."""
        if self._transport is not None:
            self._transport.abort()


class OutputPipe(asyncio.StreamReaderProtocol):
    """Reads chunks of stdout or stderr; a consumer that waits makes the server wait."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reader = asyncio.StreamReader(limit=READ_BYTES)
        self._transport: asyncio.ReadTransport | None = None
        self._ended = asyncio.Event()
        self._consumer_waits = False
        self._chunks = 0
        super().__init__(self._reader, loop=self._loop)

    async def connect(self, pipe: IO[bytes]) -> None:
        self._transport, _ = await self._loop.connect_read_pipe(lambda: self, pipe)

    def eof_received(self) -> bool:
        """The end of a pipe is the end of its transport; uvloop goes by what this gives."""
        super().eof_received()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._ended.set()

    async def read(self) -> bytes:
        """The next chunk; empty at the end."""
        self._consumer_waits = True
        try:
            chunk = await self._reader.read(READ_BYTES)
        finally:
            self._consumer_waits = False
        self._chunks += 1
        return chunk

    def abort(self) -> None:
        """Read no more."""
        if self._transport is not None:
            self._transport.close()

    async def close_when_silent(self, seconds: float, latest: float) -> None:
        """End the reading, after what is still in the pipe, although its other side stays open.

        A child that left the process group may hold the pipe, and write, for ever: ``latest``, in
        the loop's seconds, ends that. Both count only while the consumer is waiting for more: one
        that is busy has chunks left to take.
        """
        while not self._ended.is_set():
            chunks = self._chunks
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), seconds)
            is_over = self._chunks == chunks or self._loop.time() >= latest
            if self._consumer_waits and is_over:
                break
        self.abort()

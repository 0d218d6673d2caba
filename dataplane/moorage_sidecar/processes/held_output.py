"""One output of a process that speaks through a launcher: held until it is read."""

import asyncio
from collections import deque
from collections.abc import Callable


class HeldOutput:
    """Chunks in the order they came; ``taken`` is called when one is read."""

    def __init__(self, taken: Callable[[], None]) -> None:
        self.held_bytes = 0
        self._chunks: deque[bytes] = deque()
        self._changed = asyncio.Event()
        self._taken = taken
        self._ended = False

    def put(self, chunk: bytes) -> None:
        """One more chunk; whoever puts minds ``held_bytes``."""
        self._chunks.append(chunk)
        self.held_bytes += len(chunk)
        self._changed.set()

    def end(self) -> None:
        """Nothing more comes."""
        self._ended = True
        self._changed.set()

    async def read(self) -> bytes:
        """The next chunk; empty at the end."""
        while not self._chunks and not self._ended:
            self._changed.clear()
            await self._changed.wait()
        if not self._chunks:
            return b""
        chunk = self._chunks.popleft()
        self.held_bytes -= len(chunk)
        self._taken()
        return chunk

"""What waits for one stream to a client: bounded, so that a slow reader stops who feeds it."""

import asyncio
from collections import deque
from collections.abc import Callable

from moorage_gateway.errors import GatewayError

MAX_MESSAGES = 256
MAX_BYTES = 1024 * 1024


class Outbox:
    """A queue of messages with one reader.

    When it is ``full`` its feeder stops reading from the endpoint until ``on_room``; nothing is
    dropped. A reader that never takes anything is ended by its own connection (SlowReader).
    """

    __slots__ = ("_bytes", "_changed", "_failure", "_waiting", "closed", "on_room")

    def __init__(self, on_room: Callable[[], None] | None = None) -> None:
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._changed = asyncio.Event()
        self._failure: GatewayError | None = None
        self.on_room = on_room
        self.closed = False

    @property
    def full(self) -> bool:
        """Whether the feeder shall stop."""
        return len(self._waiting) >= MAX_MESSAGES or self._bytes >= MAX_BYTES

    def put(self, message: bytes) -> None:
        """Queue a message; a closed outbox forgets it."""
        if not self.closed:
            self._waiting.append(message)
            self._bytes += len(message)
            self._changed.set()

    def close(self, failure: GatewayError | None = None) -> None:
        """Nothing more comes; what waits may still be taken, then the reader gets ``failure``."""
        if not self.closed:
            self.closed = True
            self._failure = failure
            self._changed.set()

    async def take(self, timeout_seconds: float) -> list[bytes]:
        """All that waits; nothing at all when the outbox was closed.

        Raises TimeoutError when nothing came in time, and the failure it was closed with.
        """
        if not self._waiting and not self.closed:
            self._changed.clear()
            async with asyncio.timeout(timeout_seconds):
                await self._changed.wait()
        if not self._waiting and self._failure is not None:
            raise self._failure
        return self._take_all()

    def _take_all(self) -> list[bytes]:
        was_full = self.full
        messages = list(self._waiting)
        self._waiting.clear()
        self._bytes = 0
        if was_full and self.on_room is not None:
            self.on_room()
        return messages

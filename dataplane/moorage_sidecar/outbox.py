"""What waits for one open stream: bounded, and patient with a reader that keeps up."""

import asyncio
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class Delivery:
    """One message on its way to a client."""

    message: bytes
    event_id: bytes | None = None
    is_answer: bool = False
    """Whether it answers a request that this stream was opened for."""


class ReaderStalled(Exception):
    """The client did not take half of what waits for it in time."""


class Outbox:
    """A queue of deliveries, closed by either side.

    Whoever puts waits while ``queue_bytes`` are waiting, until half of them are taken; a reader
    that does not manage that within ``patience_seconds`` has stalled.
    """

    def __init__(self, queue_bytes: int, patience_seconds: float) -> None:
        self._queue_bytes = queue_bytes
        self._patience_seconds = patience_seconds
        self._waiting: deque[Delivery] = deque()
        self._waiting_bytes = 0
        self._changed = asyncio.Event()
        self._roomy = asyncio.Event()
        self._roomy.set()
        self.closed = False

    async def put(self, delivery: Delivery) -> None:
        """Queue a delivery; raises ``ReaderStalled``. A closed outbox takes and forgets it."""
        if not self._roomy.is_set():
            await self._wait_for_room()
        if self.closed:
            return
        self.put_now(delivery)

    def put_now(self, delivery: Delivery) -> None:
        """Queue a delivery without waiting: for the few last words of a stream."""
        self._waiting.append(delivery)
        self._waiting_bytes += len(delivery.message)
        if self._waiting_bytes > self._queue_bytes:
            self._roomy.clear()
        self._changed.set()

    async def get(self, timeout_seconds: float | None = None) -> Delivery | None:
        """The next delivery, ``None`` when the outbox is closed and empty.

        Raises ``TimeoutError`` when nothing came within the time.
        """
        if not self._waiting and not self.closed:
            self._changed.clear()
            async with asyncio.timeout(timeout_seconds):
                await self._changed.wait()
        if not self._waiting:
            return None
        delivery = self._waiting.popleft()
        self._waiting_bytes -= len(delivery.message)
        if self._waiting_bytes <= self._queue_bytes // 2:
            self._roomy.set()
        return delivery

    def close(self) -> None:
        """Nothing more comes; what waits may still be taken."""
        self.closed = True
        self._changed.set()
        self._roomy.set()

    async def _wait_for_room(self) -> None:
        try:
            async with asyncio.timeout(self._patience_seconds):
                await self._roomy.wait()
        except TimeoutError:
            raise ReaderStalled from None

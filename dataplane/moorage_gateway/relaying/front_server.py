"""What the client connections of one process share: bounds, counts, the sweep of deadlines."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from moorage_gateway.errors import CapacityError
from moorage_gateway.limiting.half_sent import HalfSent
from moorage_gateway.settings import Limits

SWEEP_SECONDS = 0.5
LAST_IDLE_SECONDS = 0.5
"""While the process stops: a client that just got an answer may be sending the next request."""


class Connection(Protocol):
    """A client connection, as far as the sweep knows it."""

    deadline: float

    def deadline_passed(self) -> None: ...
    def close_if_idle(self) -> None: ...
    def abort(self) -> None: ...


class Refused(Protocol):
    """Who counts refusals that never became a request."""

    def refused(self, reason: str) -> None: ...


class FrontServer:
    """Knows every client connection; ``handler`` gets each whole request in a task."""

    def __init__(
        self,
        handler: Callable[[Any, Any], Coroutine[Any, Any, None]],
        limits: Limits,
        half_sent: HalfSent,
        refused: Refused,
    ) -> None:
        self.handler = handler
        self.limits = limits
        self.half_sent = half_sent
        self.refused = refused
        self._loop = asyncio.get_running_loop()
        self._connections: set[Connection] = set()
        self.closing = False
        """True while the process stops: every answer ends its connection."""

    @property
    def keepalive_seconds(self) -> float:
        """How long a connection may be idle."""
        return LAST_IDLE_SECONDS if self.closing else self.limits.keepalive_seconds

    def start_task(self, story: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a story; where Python can, without a turn of the loop before its first wait."""
        if sys.version_info >= (3, 12):
            return asyncio.Task(story, loop=self._loop, eager_start=True)
        return self._loop.create_task(story)

    def joined(self, connection: Connection) -> None:
        """A client connected; raises CapacityError past the bound."""
        self._connections.add(connection)
        if len(self._connections) > self.limits.client_connections:
            raise CapacityError(
                f"this gateway already has {self.limits.client_connections} connections",
                reason="TooManyConnections",
                remedy="use fewer connections, or add gateway replicas",
                retry_after_seconds=1,
            )

    def left(self, connection: Connection) -> None:
        """A connection is over."""
        self._connections.discard(connection)

    async def sweep(self) -> None:
        """End states that last too long; runs until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self.end_overdue()

    def end_overdue(self) -> None:
        """End the states whose deadline has passed."""
        now = self._loop.time()
        for connection in [c for c in self._connections if c.deadline < now]:
            connection.deadline_passed()

    def close_idle(self) -> None:
        """Close every connection that carries no request, and did not a moment ago."""
        for connection in tuple(self._connections):
            connection.close_if_idle()

    @property
    def open_connections(self) -> int:
        """Those whose last byte is not yet sent too."""
        return len(self._connections)

    def abort_all(self) -> None:
        """End every connection now."""
        for connection in tuple(self._connections):
            connection.abort()

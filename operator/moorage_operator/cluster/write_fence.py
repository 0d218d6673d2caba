"""The last gate before bytes leave for the API server: open while the Lease is surely ours.

A process that was stopped (SIGSTOP, a frozen node) and resumed after another became leader must
send nothing, not even the rest of a body that it had begun. So the check is in the socket.
"""

import socket
from collections.abc import Callable
from typing import Any

from moorage_operator.cluster.errors import WriteFenced

Clock = Callable[[], float]
"""Seconds that only grow, also while the process is stopped."""


class WriteFence:
    """Until when this process may write; moved forward by each renewal of the Lease."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open_until = float("-inf")

    @property
    def is_open(self) -> bool:
        return self._clock() < self._open_until

    def open_until(self, deadline: float) -> None:
        """Writes may go out before this moment of the clock."""
        self._open_until = deadline

    def close(self) -> None:
        self._open_until = float("-inf")

    def check(self) -> None:
        """Raises ``WriteFenced`` if nothing may be written now."""
        if not self.is_open:
            raise WriteFenced("nothing was sent: this process does not hold the Lease now")


class FencedSocket(socket.socket):
    """A socket that sends nothing past the fence: every send of the event loop asks it."""

    fence: WriteFence

    def send(self, *arguments: Any) -> int:
        self._check()
        return super().send(*arguments)

    def sendmsg(self, *arguments: Any) -> int:
        self._check()
        return super().sendmsg(*arguments)

    def _check(self) -> None:
        if not self.fence.is_open:
            # An OSError is what a transport expects of its socket: it ends the connection.
            raise ConnectionAbortedError("the Lease's deadline has passed")


def fenced_sockets(fence: WriteFence) -> Callable[[Any], socket.socket]:
    """What makes an aiohttp connector's sockets; the argument is one of getaddrinfo's answers."""

    def make(address: Any) -> socket.socket:
        family, kind, protocol, _, _ = address
        made = FencedSocket(family=family, type=kind, proto=protocol)
        made.fence = fence
        return made

    return make

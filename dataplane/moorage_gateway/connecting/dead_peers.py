"""TCP keep-alive: a peer whose machine or network is gone says nothing, not even goodbye.

A session's own stream may be silent for ever, so nothing else would notice.
"""

import socket
from typing import Protocol

PROBE_AFTER_SECONDS = 60
PROBE_EVERY_SECONDS = 15
PROBES = 4


class Socket(Protocol):
    """What of a socket is needed here; the loop's own ones have it too."""

    def setsockopt(self, level: int, option: int, value: int, /) -> None: ...


def notice_dead_peer(of: Socket) -> None:
    """The kernel ends the connection after two minutes without a sign of life.

    Connections inherit it from the listening socket that accepted them.
    """
    of.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    of.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, PROBE_AFTER_SECONDS)
    of.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, PROBE_EVERY_SECONDS)
    of.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, PROBES)

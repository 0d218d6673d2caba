"""The sockets on which a gateway listens."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

BACKLOG = 1024
EVERYWHERE = "::"
"""All addresses of both families, or of IPv4 alone where there is no other."""


async def listen(
    protocol: Callable[[], asyncio.BaseProtocol], host: str, port: int
) -> asyncio.Server:
    """The loop's own listener, on every address that a host name has. Raises OSError."""
    loop = asyncio.get_running_loop()
    if host == EVERYWHERE:
        everywhere = listening_socket(host, port)
        return await loop.create_server(protocol, sock=everywhere, backlog=BACKLOG)
    return await loop.create_server(protocol, host, port, backlog=BACKLOG)


def listening_socket(host: str, port: int) -> socket.socket:
    """Bound and listening, not blocking; port 0 takes a free one. Raises OSError."""
    made = _everywhere(port) if host == EVERYWHERE else _at(host, port)
    made.setblocking(False)
    return made


def _everywhere(port: int) -> socket.socket:
    if socket.has_dualstack_ipv6():
        # A kernel may know the family and have no address of it.
        with suppress(OSError):
            return socket.create_server(
                ("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=BACKLOG
            )
    return _at("0.0.0.0", port)


def _at(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)

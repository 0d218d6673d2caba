"""Dialing an endpoint: its name is resolved, then its addresses are tried one after the other.

The loops' own ``create_connection`` would do both, but uvloop's leaves the resolver's failure as
an error that nobody took, when the wait for it ends first; and both tell what several addresses
said as text only.
"""

import asyncio
import errno
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from ssl import SSLContext, SSLError
from typing import TypeVar

OWN_SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS})
"""Errors of ``connect`` that say nothing about the endpoint: this process or machine is full."""
_NO_NAME = "the host is no valid name: each part between dots has 1 to 63 characters"

Made = TypeVar("Made", bound=asyncio.Protocol)


@dataclass(frozen=True, slots=True)
class Peer:
    """Where an endpoint listens, and the name and authorities that prove it over TLS."""

    host: str
    port: int
    ssl: SSLContext | None = None
    server_name: str | None = None


async def dial(peer: Peer, make: Callable[[], Made]) -> Made:
    """The protocol made for the first address of the peer that takes a connection.

    Raises OSError: the resolver's, TLS's, or the most telling one of the addresses'.
    """
    failures = []
    for address in await _addresses_of(peer):
        try:
            return await _dial_address(peer, address, make)
        except SSLError:
            raise
        except OSError as failure:
            failures.append(failure)
    raise most_telling(failures)


def most_telling(failures: Sequence[OSError]) -> OSError:
    """A refusal shows that the host is there; a shortage of ours shows nothing about it."""
    return min(failures, key=_silence)


def _silence(failure: OSError) -> int:
    if isinstance(failure, ConnectionRefusedError):
        return 0
    return 2 if failure.errno in OWN_SHORTAGES else 1


async def _addresses_of(peer: Peer) -> Sequence[str]:
    if _is_address(peer.host):
        return [peer.host]  # in a cluster always: no thread has to ask the resolver
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(peer.host, peer.port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # of the codec that comes before the resolver
        raise socket.gaierror(socket.EAI_NONAME, _NO_NAME) from error
    return [str(address[0]) for *_, address in found]


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


async def _dial_address(peer: Peer, address: str, make: Callable[[], Made]) -> Made:
    loop = asyncio.get_running_loop()
    _, protocol = await loop.create_connection(
        make, address, peer.port, ssl=peer.ssl, server_hostname=peer.server_name
    )
    return protocol

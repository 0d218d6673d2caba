"""Host and Origin must name this gateway, else a web page could drive it (DNS rebinding).

Sources: MCP transports (security warning), threat P9. Host and Origin are checked apart.
"""

import ipaddress
import re

from moorage_gateway.errors import Forbidden

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
MAX_PORT = 65_535
_REMEMBERED = 256
# Stricter than RFC 3986 §3.2: no user, no escapes, nothing that any URL reader takes away.
_AUTHORITY = re.compile(
    rb"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>[\w.-]+))(?::(?P<port>\d{0,5}))?"
)

# The origin itself, never a wildcard, and never with credentials: there are no cookies here.
_READABLE = (
    b"access-control-allow-origin: %b\r\n"
    b"access-control-expose-headers: mcp-session-id, mcp-protocol-version\r\n"
    b"vary: origin\r\n"
)
PREFLIGHT = (
    b"access-control-allow-methods: GET, POST, DELETE\r\n"
    b"access-control-allow-headers: accept, authorization, content-type, last-event-id, "
    b"mcp-session-id, mcp-protocol-version, mcp-method, mcp-name\r\n"
    b"access-control-max-age: 600\r\n"
)
"""What pages may send (Fetch standard, CORS preflight)."""


class OriginGuard:
    """Allows the given host names, or the loopback names when there are none."""

    def __init__(self, hostnames: tuple[str, ...]) -> None:
        self._names = frozenset(name.lower() for name in hostnames or LOOPBACK_NAMES)
        self._allowed: dict[tuple[bytes | None, bytes | None], bytes] = {}

    def check(self, host: bytes | None, origin: bytes | None) -> bytes:
        """The header lines that let a page of ``origin`` read the answer (CORS), if there is one.

        Raises Forbidden; 421 for a foreign Host, 403 for a foreign Origin.
        """
        lines = self._allowed.get((host, origin))
        return self._check(host, origin) if lines is None else lines

    def _check(self, host: bytes | None, origin: bytes | None) -> bytes:
        if host is None or _name_of_authority(host) not in self._names:
            raise Forbidden(
                "this gateway does not serve that Host",
                reason="HostNotAllowed",
                remedy="use one of the gateway's hostnames, or add it to spec.listener.hostnames",
                status=421,
            )
        if origin is not None and _name_of_origin(origin) not in self._names:
            raise Forbidden(
                "pages of that Origin may not call this gateway",
                reason="OriginNotAllowed",
                remedy="serve the page from one of the gateway's hostnames",
            )
        lines = b"" if origin is None else _READABLE % origin
        if len(self._allowed) < _REMEMBERED:
            self._allowed[(host, origin)] = lines
        return lines


def _name_of_authority(authority: bytes) -> str | None:
    """The host name of ``name[:port]``, lower-case; None when it is no such thing."""
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None or int(parts["port"] or 0) > MAX_PORT:
        return None
    name = (parts["address"] or parts["name"]).decode()
    return _plain_address(name.rstrip(".") if not name.startswith(".") else name)


def _plain_address(name: str) -> str:
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name.lower()


def _name_of_origin(origin: bytes) -> str | None:
    scheme, separator, authority = origin.partition(b"://")
    if not separator or scheme.lower() not in (b"http", b"https"):
        return None
    return _name_of_authority(authority)

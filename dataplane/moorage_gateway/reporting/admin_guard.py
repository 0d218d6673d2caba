"""Who may ask the admin port: nobody whom a web page could have sent (pure, threat P9)."""

import re
from collections.abc import Sequence
from ipaddress import ip_address

HOST_REFUSED = "AdminHostRefused"
ORIGIN_REFUSED = "AdminOriginRefused"

REMEDIES = {
    HOST_REFUSED: "ask by the address that the admin port is bound to, or by localhost",
    ORIGIN_REFUSED: "ask from a program, not from a web page: this port takes no Origin",
}

_HOST = re.compile(r"(?:\[(?P<address>[^\]]+)\]|(?P<name>[^:\[\]]+))(?::[0-9]*)?")
_LOOPBACK_NAMES = frozenset({"localhost", "ip6-localhost", "ip6-loopback"})


def admin_refusal(
    target: str, hosts: Sequence[str], origins: Sequence[str], bound_host: str
) -> str | None:
    """The reason to refuse a request with this target, ``Host`` and ``Origin``, or none.

    A name in ``Host`` that is neither loopback's nor the one we were told to bind is DNS
    rebinding; an IP address cannot be rebound. ``Origin`` comes from web pages only, and none of
    them has business here. A target that names a host itself would outrank ``Host``
    (RFC 9112, 3.2.2); only proxies get such.
    """
    if origins:
        return ORIGIN_REFUSED
    if not target.startswith("/") or len(hosts) != 1 or not _is_ours(hosts[0], bound_host):
        return HOST_REFUSED
    return None


def _is_ours(host: str, bound_host: str) -> bool:
    match = _HOST.fullmatch(host)
    if match is None:
        return False
    name = (match["address"] or match["name"]).lower()
    return name in _LOOPBACK_NAMES or name == bound_host.lower() or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True

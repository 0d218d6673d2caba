"""Web pages may not drive a bridge (pure).

MCP ``basic/transports`` (security warning), threat P9. A page reaches a bridge on loopback by a
DNS name that it rebinds, so a Host must be a literal address or a loopback name; the Origin of a
page that was not loaded from this machine is foreign. Host and Origin are checked apart.
"""

import ipaddress
from urllib.parse import urlsplit

from moorage_sidecar.refusals import BadRequest

LOOPBACK_NAME = "localhost"


def check_caller(host: bytes | None, origin: bytes | None, own_host: str | None) -> None:
    """Raises ``BadRequest``. ``own_host`` is the name that the bridge listens on."""
    name = _name_of(host)
    if name is None or not (_is_address(name) or name in (LOOPBACK_NAME, own_host)):
        raise BadRequest(
            "HostNotAllowed",
            "this bridge does not serve that Host",
            "use its address or localhost",
            status=421,
        )
    if origin is not None and not _is_loopback(_name_of_origin(origin)):
        raise BadRequest(
            "OriginNotAllowed",
            "web pages of that Origin may not call this bridge",
            "go through its gateway",
            status=403,
        )


def _name_of(authority: bytes | None) -> str | None:
    if authority is None:
        return None
    try:
        return urlsplit(f"//{authority.decode('ascii')}").hostname
    except ValueError:
        return None


def _name_of_origin(origin: bytes) -> str | None:
    scheme, separator, authority = origin.partition(b"://")
    return _name_of(authority) if separator and scheme in (b"http", b"https") else None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(name: str | None) -> bool:
    if name is None:
        return False
    return name == LOOPBACK_NAME or (_is_address(name) and ipaddress.ip_address(name).is_loopback)

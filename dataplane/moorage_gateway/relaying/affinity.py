"""The affinity key of a request, where its group names one instead of the protocol's own."""

from moorage_contract.route_table import Affinity
from moorage_gateway.access.principal import Principal


def affinity_key(
    affinity: Affinity, raw_headers: tuple[tuple[bytes, bytes], ...], principal: Principal
) -> bytes | None:
    """The key to hash, None when the request goes wherever there is room."""
    if affinity.kind == "Principal":
        return principal.tag
    if affinity.kind == "Header" and affinity.header is not None:
        name = affinity.header.lower().encode("ascii")
        return next((value for header, value in raw_headers if header.lower() == name), None)
    return None

"""EndpointSlices → endpoints of an upstream group (pure).

Source: ``discovery.k8s.io/v1``. One Service may have several slices; an endpoint may stand in two
of them while they are re-arranged, and in one per address family.
"""

import hashlib
import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from moorage_contract.cluster_names import GROUP_LABEL, MCP_PORT_NAME
from moorage_contract.route_table import Discovery, Endpoint


class _Conditions(msgspec.Struct, frozen=True):
    ready: bool | None = None
    """Absent means that nobody says otherwise: ready."""
    serving: bool | None = None
    terminating: bool | None = None


class _Target(msgspec.Struct, frozen=True):
    uid: str = ""
    name: str = ""


class _Endpoint(msgspec.Struct, frozen=True):
    addresses: list[str]
    conditions: _Conditions | None = None
    target: _Target | None = msgspec.field(name="targetRef", default=None)


class _Port(msgspec.Struct, frozen=True):
    name: str | None = None
    port: int | None = None


class _Metadata(msgspec.Struct, frozen=True):
    name: str
    labels: dict[str, str] | None = None
    resource_version: str = msgspec.field(name="resourceVersion", default="")


class EndpointSlice(msgspec.Struct, frozen=True):
    """What we read of a slice."""

    metadata: _Metadata
    address_type: Literal["IPv4", "IPv6", "FQDN"] = msgspec.field(name="addressType")
    endpoints: list[_Endpoint] | None = None
    ports: list[_Port] | None = None


class _Claim(msgspec.Struct, frozen=True):
    """One slice's word on one endpoint."""

    endpoint: Endpoint
    version: int
    is_ipv6: bool


def read_slice(document: Mapping[str, Any]) -> EndpointSlice:
    """Raises ``msgspec.ValidationError``."""
    return msgspec.convert(document, EndpointSlice)


def endpoints_of(
    slices: Iterable[EndpointSlice], discovery: Discovery, *, tls: bool
) -> tuple[Endpoint, ...]:
    """The endpoints of one group, by uid; ``slices`` are those of its namespace."""
    scheme = "https" if tls else "http"
    claims = [
        claim
        for one in slices
        if (one.metadata.labels or {}).get(GROUP_LABEL) == discovery.group
        for claim in _claims(one, scheme, discovery.path)
    ]
    by_uid = _settled(claims, key=lambda claim: claim.endpoint.uid, prefer=_of_one_endpoint)
    # An address that was given to a new pod is no longer the old one's.
    by_url = _settled(by_uid, key=lambda claim: claim.endpoint.url, prefer=_of_one_address)
    return tuple(sorted((claim.endpoint for claim in by_url), key=lambda each: each.uid))


def _settled(claims: Iterable[_Claim], key: Any, prefer: Any) -> list[_Claim]:
    best: dict[str, _Claim] = {}
    for claim in claims:
        other = best.get(key(claim))
        if other is None or prefer(claim) > prefer(other):
            best[key(claim)] = claim
    return list(best.values())


def _of_one_endpoint(claim: _Claim) -> tuple[bool, int, str]:
    """IPv4 stays the address of choice, so that a pod of two families keeps one; then the newest
    word."""
    return (not claim.is_ipv6, claim.version, claim.endpoint.url)


def _of_one_address(claim: _Claim) -> tuple[bool, int, str]:
    return (claim.endpoint.ready, claim.version, claim.endpoint.uid)


def _claims(one: EndpointSlice, scheme: str, path: str) -> Iterable[_Claim]:
    port = next((port.port for port in one.ports or () if port.name == MCP_PORT_NAME), None)
    if port is None or one.address_type == "FQDN":
        return
    for endpoint in one.endpoints or ():
        if endpoint.addresses and (address := _address(endpoint.addresses[0])):
            url = f"{scheme}://{address}:{port}{path}"
            yield _Claim(
                endpoint=Endpoint(
                    uid=_uid(endpoint, url),
                    name="" if endpoint.target is None else endpoint.target.name,
                    url=url,
                    ready=_is_ready(endpoint.conditions),
                ),
                version=_version(one.metadata.resource_version),
                is_ipv6=one.address_type == "IPv6",
            )


def _address(text: str) -> str:
    """As it stands in a URL; empty where it is no address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    return f"[{address}]" if address.version == 6 else str(address)


def _is_ready(conditions: _Conditions | None) -> bool:
    if conditions is None:
        return True
    return conditions.ready is not False and conditions.terminating is not True


def _uid(endpoint: _Endpoint, url: str) -> str:
    """The pod's; a hand-made slice names none, and its endpoint is known by its URL."""
    if endpoint.target is not None and endpoint.target.uid:
        return endpoint.target.uid
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def _version(text: str) -> int:
    """Resource versions of one kind can be compared by size (KEP 5504)."""
    return int(text) if text.isdecimal() else 0

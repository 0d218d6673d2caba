"""Whose a host name is: who serves it keeps it, whoever else comes to name it (pure).

What a gateway serves stands in its status, where a new leader finds it. By age alone any older
gateway of any namespace could take a name that is in use. Documents are read leniently: a refused
one may go on serving what it served.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.snapshot import GatewaySnapshot, ObservedResource

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})
"""Everybody's own names for a forwarded port: no gateway has them for itself."""

Document = Mapping[str, Any]


def named_hostnames(document: Document) -> frozenset[str]:
    """Those that the gateway's spec asks for."""
    return _claimable(_mapping(_mapping(document.get("spec")).get("listener")))


def held_hostnames(document: Document) -> frozenset[str]:
    """Those that its status lists: of the table in force, also if its spec names them no more."""
    return _claimable(_mapping(document.get("status")))


def hostname_owner(hostname: str, gateways: Iterable[ObservedResource]) -> ResourceName | None:
    """Who has the host name among these gateways; None if nobody of them claims it.

    Where none serves it, or several do because they took it at one moment, the older one has it,
    then the smaller name. So whoever looks in whatever order, one is left.
    """
    there = list(gateways)
    holders = [each for each in there if hostname in held_hostnames(each.document)]
    claimants = holders or [each for each in there if hostname in named_hostnames(each.document)]
    first = min(claimants, key=lambda each: (each.created_at, each.name), default=None)
    return None if first is None else first.name


def hostnames_of(names: Iterable[str], snapshot: GatewaySnapshot) -> Mapping[str, object]:
    """The status of a gateway whose new table is written: of its names those that it has."""
    return {"hostnames": [name for name in names if name not in snapshot.hostname_owners]}


def hostnames_before(resource: ObservedResource) -> Mapping[str, object]:
    """The status of a gateway whose table stays as it was.

    What the table itself says is not asked: whoever edits it could take others' names.
    """
    status = _mapping(resource.document.get("status"))
    return {"hostnames": list(_items(status.get("hostnames")))}


def _claimable(holder: Mapping[str, Any]) -> frozenset[str]:
    names = (name for name in _items(holder.get("hostnames")) if isinstance(name, str))
    return frozenset(name for name in names if name.lower() not in LOOPBACK_NAMES)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []

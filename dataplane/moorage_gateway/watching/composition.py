"""Published table, endpoints and keys together: the table to serve (pure)."""

from collections.abc import Iterable, Mapping

import msgspec

from moorage_contract.route_table import Discovery, Endpoint, Group, RouteTable
from moorage_gateway.watching.endpoint_slices import EndpointSlice, endpoints_of

Slices = Mapping[str, Iterable[EndpointSlice]]
"""By namespace; a namespace that was never listed is missing."""
EndpointCopy = Mapping[str, tuple[Endpoint, ...]]
"""Endpoints by ``namespace/group``, as they were last known."""


def discovered_namespaces(table: RouteTable) -> frozenset[str]:
    """Where the slices of a table's groups are."""
    return frozenset(
        group.discovery.namespace
        for group in table.groups
        if group.discovery is not None and not group.unresolved
    )


def without_revoked(serving: RouteTable, newest: RouteTable) -> RouteTable:
    """``serving``, but for groups that ``newest`` says may not be used any more.

    Whatever holds a table up, a permission that was taken away is not waited for.
    """
    revoked = {group.name: group for group in newest.groups if group.unresolved}
    groups = tuple(revoked.get(group.name, group) for group in serving.groups)
    return msgspec.structs.replace(serving, groups=groups)


def compose(
    published: RouteTable, slices: Slices, copy: EndpointCopy, keys: Mapping[str, str]
) -> RouteTable:
    """The table to serve. ``copy`` speaks for namespaces that were not listed yet."""
    groups = tuple(_composed(group, slices, copy, keys) for group in published.groups)
    return msgspec.structs.replace(published, groups=groups)


def _composed(group: Group, slices: Slices, copy: EndpointCopy, keys: Mapping[str, str]) -> Group:
    if group.unresolved:
        return msgspec.structs.replace(group, endpoints=(), key=None)
    if group.discovery is None:
        return group
    return msgspec.structs.replace(
        group,
        endpoints=_endpoints(group, group.discovery, slices, copy),
        key=keys.get(full_name(group.discovery)),
    )


def _endpoints(
    group: Group, discovery: Discovery, slices: Slices, copy: EndpointCopy
) -> tuple[Endpoint, ...]:
    known = slices.get(discovery.namespace)
    if known is None:
        return copy.get(full_name(discovery), ())
    return endpoints_of(known, discovery, tls=group.tls is not None)


def full_name(discovery: Discovery) -> str:
    """``namespace/name`` of a group that is discovered."""
    return f"{discovery.namespace}/{discovery.group}"


def endpoint_copy(served: RouteTable) -> dict[str, tuple[Endpoint, ...]]:
    """What to remember of a served table for a start without the API server."""
    return {
        full_name(group.discovery): group.endpoints
        for group in served.groups
        if group.discovery is not None and group.endpoints
    }

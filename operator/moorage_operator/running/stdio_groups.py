"""Which stdio groups a gateway may have the key of, and on whose word (pure)."""

from dataclasses import dataclass

from moorage_operator.api.findings import SpecError
from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.resource_kinds import NAMESPACE_NAME_LABEL
from moorage_operator.api.stdio_source import StdioSource
from moorage_operator.api.upstream_group import McpUpstreamGroup
from moorage_operator.planning.documents import read_group
from moorage_operator.planning.published_entries import served_entry
from moorage_operator.planning.route_table import table_name
from moorage_operator.planning.snapshot import GatewaySnapshot, ObservedResource


@dataclass(frozen=True)
class StdioGroup:
    """One that a gateway serves."""

    uid: str
    is_allowed: bool
    """Whether it is known to allow the gateway; else only what was given before may be given."""


def stdio_groups(
    snapshot: GatewaySnapshot, *, serves_published: bool
) -> dict[ResourceName, StdioGroup]:
    """The stdio groups whose key the gateway may have.

    ``serves_published``: also those that only its published table names. Whom a group allows whose
    document is refused is not known: it is served as it was published, so its key stays as well.
    """
    published = snapshot.published_groups if serves_published else {}
    found = {
        name: _stdio_group(resource, name, snapshot)
        for name, resource in {**published, **snapshot.groups}.items()
    }
    return {name: group for name, group in found.items() if group is not None}


def is_stdio(resource: ObservedResource) -> bool:
    """Whether this is a stdio group, as far as its document is accepted."""
    group = accepted_group(resource)
    return group is not None and isinstance(group.spec.source, StdioSource)


def accepted_group(resource: ObservedResource) -> McpUpstreamGroup | None:
    """The group as its document says, None where that is refused."""
    try:
        return read_group(resource)
    except SpecError:
        return None


def _stdio_group(
    resource: ObservedResource, name: ResourceName, snapshot: GatewaySnapshot
) -> StdioGroup | None:
    own, group = snapshot.resource.name.namespace, accepted_group(resource)
    if group is None:
        entry = served_entry(snapshot.published, table_name(name, own))
        was_stdio = entry is not None and entry.source == "Stdio"
        return StdioGroup(resource.uid, is_allowed=name.namespace == own) if was_stdio else None
    labels = {NAMESPACE_NAME_LABEL: own, **snapshot.namespace_labels}
    allows = group.spec.allowed_gateways.allow(name.namespace, own, labels)
    is_stdio_group = isinstance(group.spec.source, StdioSource)
    return StdioGroup(resource.uid, is_allowed=True) if allows and is_stdio_group else None

"""What the published table says of a group whose entry cannot be made anew (pure).

What a group names may vanish for a moment: a trust bundle is written anew, a workload is replaced.
Its traffic is not cut for that: only its owner takes a permission away, or the group itself.
"""

from moorage_contract.route_table import Group, RouteTable
from moorage_operator.api.upstream_group import McpUpstreamGroup
from moorage_operator.api.workload_source import WorkloadSource, WorkloadTlsSpec
from moorage_operator.planning.route_table import plan_group_entry


def served_entry(published: RouteTable | None, name: str) -> Group | None:
    """The group's entry, if something may be sent to it by that."""
    entries = () if published is None else published.groups
    return next((each for each in entries if each.name == name and not each.unresolved), None)


def is_as_safe(entry: Group, group: McpUpstreamGroup) -> bool:
    """Whether the entry sends nothing where, or by less proof than, the group's spec now says.

    Another kind of source is another place, perhaps outside the cluster. TLS that is new or asks
    for another name or for authorities of its own must not wait until they are there. Which
    ConfigMap holds these is not compared: what they were last goes on being the proof.
    """
    if entry.source != plan_group_entry(group, entry.name).source:
        return False
    tls = _tls(group)
    if tls is None or entry.tls is None:
        return tls is None
    is_pinned = entry.tls.ca_pem is not None
    return entry.tls.server_name == tls.hostname and (is_pinned or not tls.ca_config_map_name)


def lacks_authorities(group: McpUpstreamGroup, ca_pem: str | None) -> bool:
    """Whether the group names authorities that are not there: none would be no pin at all."""
    tls = _tls(group)
    return tls is not None and tls.ca_config_map_name is not None and ca_pem is None


def _tls(group: McpUpstreamGroup) -> WorkloadTlsSpec | None:
    source = group.spec.source
    return source.tls if isinstance(source, WorkloadSource) else None

"""Groups that may not be served any more, though a gateway's routes do not say so (pure).

Where no new table can be made (the gateway's document is refused, or its table is too large) the
last one is kept. That must not keep a permission alive that the owner of a group took away.

Where a group lost its route as well, a new table would not name it, and pods would take it for one
that may end its running calls.
"""

from dataclasses import replace

import msgspec

from moorage_contract.route_table import Group, RouteTable
from moorage_operator.api.metadata import ResourceName
from moorage_operator.api.references import KnownGroups
from moorage_operator.api.resource_kinds import GROUP_KIND, NAMESPACE_NAME_LABEL
from moorage_operator.planning.cluster_table import read_groups, unresolved_group
from moorage_operator.planning.gateway_pods import deployment_of, is_in_force
from moorage_operator.planning.route_table import table_target
from moorage_operator.planning.snapshot import GatewaySnapshot


def without_withdrawn(snapshot: GatewaySnapshot) -> GatewaySnapshot:
    """The snapshot whose published table names no group that is gone or allows us no more.

    A group whose document is refused stays as it was published, as in a new table.
    """
    published = snapshot.published
    if published is None:
        return snapshot
    withdrawn = _withdrawn(published, snapshot)
    groups = tuple(_kept(group, withdrawn) for group in published.groups)
    return replace(snapshot, published=msgspec.structs.replace(published, groups=groups))


def with_parting(table: RouteTable, snapshot: GatewaySnapshot) -> RouteTable:
    """The new table, which also names as unresolved what lost its route and permission at once.

    Until every pod serves a table that does so; then nothing is left that it could end. Where none
    serves there is nothing to end, and what is published must not hang on its history.
    """
    published = snapshot.published
    if published is None or not _is_served(snapshot):
        return table
    told = {group.name for group in table.groups}
    if is_in_force(snapshot, published):
        told |= {group.name for group in published.groups if group.unresolved}
    withdrawn = sorted(_withdrawn(published, snapshot).items())
    parting = tuple(unresolved_group(name, why) for name, why in withdrawn if name not in told)
    return msgspec.structs.replace(table, groups=table.groups + parting)


def _is_served(snapshot: GatewaySnapshot) -> bool:
    """A pod that is ready may serve without being heard: a new leader plans before it connects."""
    deployment = deployment_of(snapshot)
    return bool(snapshot.reports) or (deployment is not None and deployment.ready_replicas > 0)


def _kept(group: Group, withdrawn: dict[str, str]) -> Group:
    why = withdrawn.get(group.name)
    return group if why is None or group.unresolved else unresolved_group(group.name, why)


def _withdrawn(published: RouteTable, snapshot: GatewaySnapshot) -> dict[str, str]:
    """Why a group may not be served, by its name in the table; the texts bear no names.

    So the table cannot grow by them: they compress to nothing.
    """
    own = snapshot.resource.name.namespace
    named = {group.name: table_target(group.name, own) for group in published.groups}
    groups = read_groups({**snapshot.published_groups, **snapshot.groups}).known
    whys = {name: _hindrance(target, groups, snapshot) for name, target in named.items()}
    return {name: why for name, why in whys.items() if why}


def _hindrance(target: ResourceName, groups: KnownGroups, snapshot: GatewaySnapshot) -> str:
    own = snapshot.resource.name.namespace
    if target.namespace == own:
        return "" if target in groups else f"this {GROUP_KIND} is not there any more"
    if target in groups:
        group = groups[target]
        labels = {NAMESPACE_NAME_LABEL: own, **snapshot.namespace_labels}
        if group is None or group.spec.allowed_gateways.allow(target.namespace, own, labels):
            return ""
    # One answer for both: whom a group does not allow is not told whether it exists.
    return (
        f"this {GROUP_KIND} is not there any more, or does not allow gateways of this namespace; "
        "create it, or set its spec.allowedGateways.namespaces"
    )

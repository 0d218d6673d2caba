"""One gateway's snapshot → its children, what of them must go, and its status."""

from collections.abc import Mapping

import msgspec

from moorage_contract.route_table import RouteTable
from moorage_operator.api.findings import SpecError
from moorage_operator.api.gateway import McpGateway
from moorage_operator.api.installation import InstallationSettings
from moorage_operator.planning.cluster_table import (
    plan_cluster_table,
    read_groups,
    reference_findings,
    report_target,
)
from moorage_operator.planning.conditions import GATEWAY
from moorage_operator.planning.documents import read_gateway, refused
from moorage_operator.planning.gateway_conditions import (
    GatewayState,
    gateway_conditions,
    refused_gateway_conditions,
)
from moorage_operator.planning.gateway_pods import gateway_counts
from moorage_operator.planning.hostnames import hostnames_before, hostnames_of
from moorage_operator.planning.ownership import ClaimedChildren, Manifest, claim_children
from moorage_operator.planning.snapshot import ChildKey, GatewaySnapshot, Plan
from moorage_operator.planning.table_document import TableTooLarge, compress_table
from moorage_operator.planning.withdrawn_groups import with_parting, without_withdrawn
from moorage_operator.rendering.child_names import gateway_child_name
from moorage_operator.rendering.gateway_children import render_gateway_children, render_table
from moorage_operator.rendering.owner import Owner

EMPTY_PLAN = Plan(children=(), unwanted=(), conditions=(), counts={})


def plan_gateway(snapshot: GatewaySnapshot, settings: InstallationSettings) -> Plan:
    """What shall be so for one gateway.

    A document that is refused leaves all children as they are, but for the table, which stays as
    it was published, without groups that took their permission away meanwhile; a namespace that
    ends leaves them all.
    The Secret with the key ring is not among the children: its owner is the one who has random
    bytes, ``running``; ``rendering.key_secrets`` says how it looks.
    """
    if snapshot.namespace_terminating:
        return EMPTY_PLAN
    try:
        gateway = read_gateway(snapshot.resource)
    except SpecError as error:
        return _plan_refused(error, snapshot, settings)
    return _plan_accepted(gateway, snapshot, settings)


def _plan_refused(
    error: SpecError, snapshot: GatewaySnapshot, settings: InstallationSettings
) -> Plan:
    kept = without_withdrawn(snapshot)
    observed = snapshot.resource
    owner = Owner.gateway(observed.name.namespace, observed.name.name, observed.uid)
    claimed = claim_children(_kept_table(owner, kept, settings), snapshot.children, owner.uid)
    return Plan(
        children=claimed.applied,
        unwanted=(),
        keeps_table=True,
        conditions=refused_gateway_conditions(refused(GATEWAY, error), kept),
        counts={
            **gateway_counts(kept, kept.published),
            **_address_before(kept),
            **hostnames_before(observed),
        },
    )


def _plan_accepted(
    gateway: McpGateway, snapshot: GatewaySnapshot, settings: InstallationSettings
) -> Plan:
    groups = read_groups(snapshot.groups)
    findings = reference_findings(gateway, groups, snapshot)
    table = plan_cluster_table(gateway, groups, findings, snapshot, settings)
    table = with_parting(table, snapshot)
    claimed, too_large = _claim(gateway, table, snapshot, settings)
    if too_large is not None:
        snapshot = without_withdrawn(snapshot)
    in_force = table if too_large is None else snapshot.published
    state = GatewayState(snapshot, gateway, groups, findings, table, claimed.taken, too_large)
    return Plan(
        children=claimed.applied,
        unwanted=claimed.unwanted,
        keeps_table=too_large is not None,
        conditions=gateway_conditions(state),
        counts={
            **gateway_counts(snapshot, in_force),
            "address": _address(gateway),
            **_hostnames(state, claimed),
        },
    )


def _hostnames(state: GatewayState, claimed: ClaimedChildren) -> Mapping[str, object]:
    is_written = any(child["kind"] == "ConfigMap" for child in claimed.applied)
    if state.too_large is not None or not is_written:
        return hostnames_before(state.snapshot.resource)
    return hostnames_of(state.gateway.spec.listener.hostnames, state.snapshot)


def _address(gateway: McpGateway) -> str:
    name = gateway_child_name(gateway.name.name)
    return f"{name}.{gateway.name.namespace}:{gateway.spec.listener.port}"


def _address_before(snapshot: GatewaySnapshot) -> Mapping[str, object]:
    status = snapshot.resource.document.get("status")
    address = status.get("address") if isinstance(status, Mapping) else None
    return {} if address is None else {"address": address}


def _claim(
    gateway: McpGateway,
    table: RouteTable,
    snapshot: GatewaySnapshot,
    settings: InstallationSettings,
) -> tuple[ClaimedChildren, TableTooLarge | None]:
    owner = Owner.gateway(gateway.name.namespace, gateway.name.name, snapshot.resource.uid)
    wanted = list(render_gateway_children(owner, gateway, settings))
    kept = {ChildKey("Secret", owner.namespace, owner.child_name)}
    too_large = None
    try:
        wanted.insert(0, render_table(owner, table, compress_table(table)))
    except TableTooLarge as error:
        too_large = error
        kept.add(ChildKey("ConfigMap", owner.namespace, owner.child_name))
        wanted[:0] = _kept_table(owner, without_withdrawn(snapshot), settings)
    claimed = claim_children(wanted, snapshot.children, owner.uid, frozenset(kept))
    return claimed, too_large


def _kept_table(
    owner: Owner, kept: GatewaySnapshot, settings: InstallationSettings
) -> list[Manifest]:
    """The table that stays in force: planned too, so that what was edited in it does not stay.

    Where its pods report to is not the document's, and follows the operator's new certificate. Nor
    are its keys: pods read them when the table names others.
    """
    if kept.published is None:
        return []
    keys = kept.keys or kept.published.keys
    table = msgspec.structs.replace(kept.published, report=report_target(settings), keys=keys)
    try:
        return [render_table(owner, table, compress_table(table))]
    except TableTooLarge:
        # An earlier version wrote it, with wider bounds.
        return []

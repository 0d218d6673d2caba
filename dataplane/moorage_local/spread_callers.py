"""Groups whose callers are kept nowhere, of which a user should know (pure)."""

from moorage_contract.route_table import RouteTable
from moorage_gateway.gateway_status import GatewayStatus, GroupStatus
from moorage_wire.eras import Era, era_of


def spread_callers(table: RouteTable, status: GatewayStatus) -> list[str]:
    """A note for each group of several endpoints that speak 2026-07-28, without an affinity.

    Official clients choose that version where they can, and it has no sessions.
    """
    unkept = {
        group.name
        for group in table.groups
        if group.source == "External" and group.sessions.affinity.kind == "Protocol"
    }
    return [
        f"{group.name} speaks 2026-07-28, which has no sessions: its callers are spread over "
        f"{len(group.endpoints)} endpoints; if the server keeps state, name spec.sessions.affinity"
        for group in status.groups
        if group.name in unkept and len(group.endpoints) > 1 and _is_modern(group)
    ]


def _is_modern(group: GroupStatus) -> bool:
    versions = (version for endpoint in group.endpoints for version in endpoint.versions)
    return any(era_of(version) is Era.MODERN for version in versions)

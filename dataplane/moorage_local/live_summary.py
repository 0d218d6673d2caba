"""The lines of the live summary on a terminal (pure)."""

from collections.abc import Sequence

from moorage_contract.route_table import RouteTable
from moorage_gateway.gateway_status import EndpointStatus, GatewayStatus
from moorage_local.resources import plural
from moorage_local.welcome import columns, group_state

REFUSALS_TOLD = 5


def summary(
    table: RouteTable,
    status: GatewayStatus,
    before: GatewayStatus,
    *,
    seconds: float,
    width: int,
    height: int,
) -> list[str]:
    """At most ``height`` lines of ``width`` characters; ``before`` was ``seconds`` ago."""
    refusals = _refusals(status, before)
    rows = columns([_group_row(table, status, group.name) for group in table.groups])
    room = max(0, height - 1 - len(refusals))
    if len(rows) > room:
        left_out = len(rows) - max(0, room - 1)
        rows = [*rows[: len(rows) - left_out], f"… and {left_out} more groups"][:room]
    lines = [_totals(status, before, seconds), *rows, *refusals]
    return [_cut(line, width) for line in lines[:height]]


def _totals(status: GatewayStatus, before: GatewayStatus, seconds: float) -> str:
    rate = (status.requests - before.requests) / seconds if seconds > 0 else 0.0
    return "   ".join(
        (
            plural(status.sessions, "session"),
            plural(status.streams, "stream"),
            f"{plural(status.requests, 'request')}, {rate:,.0f} a second",
            f"{status.refused} refused",
        )
    )


def _group_row(table: RouteTable, status: GatewayStatus, name: str) -> tuple[str, ...]:
    endpoints: Sequence[EndpointStatus] = next(
        (group.endpoints for group in status.groups if group.name == name), ()
    )
    state, versions = group_state(table, status, name)
    return (
        f"  {name}",
        plural(sum(endpoint.sessions for endpoint in endpoints), "session"),
        f"{sum(endpoint.in_flight for endpoint in endpoints)} running",
        state,
        versions,
    )


def _refusals(status: GatewayStatus, before: GatewayStatus) -> list[str]:
    """The refusals so far, those that grew since ``before`` first."""
    known = dict(before.refusals)
    grown = sorted(status.refusals, key=lambda item: known.get(item[0], 0) - item[1])
    told = ", ".join(f"{reason} {count}" for reason, count in grown[:REFUSALS_TOLD])
    return [f"  refused: {told}"] if told else []


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: max(0, width - 1)]}…"

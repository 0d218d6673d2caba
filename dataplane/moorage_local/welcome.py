"""What ``moorage up`` says when it serves: where, what is behind it, how clients find it."""

import json
from collections.abc import Sequence

from moorage_contract.route_table import Group, RouteTable
from moorage_gateway.gateway_status import EndpointStatus, GatewayStatus
from moorage_local.resources import plural

ROUTES_TOLD = 20
CLIENTS_TOLD = 10


def welcome(
    table: RouteTable,
    status: GatewayStatus,
    *,
    counted: str,
    base_url: str,
    admin_url: str,
    notes: Sequence[str],
) -> list[str]:
    """The lines; ``counted`` is like ``1 gateway and 2 groups from 2 files``."""
    rows = [
        (f"{base_url}{route.path}", route.group, *group_state(table, status, route.group))
        for route in table.routes[:ROUTES_TOLD]
    ]
    more = len(table.routes) - len(rows)
    return [
        f"{counted}; stop with Ctrl-C",
        *(f"  {line}" for line in columns(rows)),
        *([f"  … and {more} more routes"] if more else []),
        f"  metrics and health on {admin_url}",
        f"for a client: {client_settings(table, base_url)}",
        *(f"note: {note}" for note in notes),
    ]


def group_state(table: RouteTable, status: GatewayStatus, name: str) -> tuple[str, str]:
    """How a group is doing, and the protocol versions that its endpoints showed."""
    group = next(group for group in table.groups if group.name == name)
    endpoints = next((one.endpoints for one in status.groups if one.name == name), ())
    versions = sorted({version for endpoint in endpoints for version in endpoint.versions})
    return _state(group, endpoints), ", ".join(versions)


def client_settings(table: RouteTable, base_url: str) -> str:
    """The ``mcpServers`` JSON that most clients take."""
    servers = {
        _server_name(table, index): {"type": "http", "url": f"{base_url}{route.path}"}
        for index, route in enumerate(table.routes[:CLIENTS_TOLD])
    }
    return json.dumps({"mcpServers": servers})


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows with their cells one below the other."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return ["   ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _state(group: Group, endpoints: Sequence[EndpointStatus]) -> str:
    if group.source == "Stdio":
        in_use = any(endpoint.sessions for endpoint in endpoints)
        return f"stdio, {'a process for each' if in_use else 'starts with its first'} session"
    ready = sum(endpoint.state == "ready" for endpoint in endpoints)
    if ready == len(endpoints):
        return f"{plural(ready, 'endpoint')} ready"
    waiting = next(endpoint for endpoint in endpoints if endpoint.state != "ready")
    return f"{ready} of {plural(len(endpoints), 'endpoint')} ready; {waiting.url}: {waiting.why}"


def _server_name(table: RouteTable, index: int) -> str:
    """The group's name; with the path where several routes lead to one group."""
    route = table.routes[index]
    alone = sum(other.group == route.group for other in table.routes) == 1
    return route.group if alone else f"{route.group} {route.path}"

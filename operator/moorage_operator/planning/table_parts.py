"""What of a RouteTable takes most of its room: whoever must make it smaller begins there (pure)."""

import msgspec

from moorage_contract.route_table import Group, RouteTable
from moorage_operator.api.findings import quoted

PARTS_TOLD = 5


def largest_parts(table: RouteTable) -> str:
    """The largest ones by name, largest first, with their bytes of JSON."""
    parts = [("all routes", len(msgspec.json.encode(table.routes)))]
    parts += [(_described(group), len(msgspec.json.encode(group))) for group in table.groups]
    parts.sort(key=lambda part: part[1], reverse=True)
    return ", ".join(f"{name} {size:,} bytes" for name, size in parts[:PARTS_TOLD])


def _described(group: Group) -> str:
    authorities = 0 if group.tls is None else len(group.tls.ca_pem or "")
    endpoints = sum(len(each.url) for each in group.endpoints)
    kinds = {"tls.caConfigMapName": authorities, "external.endpoints": endpoints}
    kind = max(kinds, key=lambda each: kinds[each])
    return f"group {quoted(group.name)}{f' ({kind})' if kinds[kind] else ''}"

"""Which era a request belongs to."""

from mcp.server.mcpserver import Context
from mcp_types.version import MODERN_PROTOCOL_VERSIONS


def is_modern(ctx: Context) -> bool:
    """True at 2026-07-28 and later: no session, and no requests from server to client."""
    return ctx.protocol_version in MODERN_PROTOCOL_VERSIONS

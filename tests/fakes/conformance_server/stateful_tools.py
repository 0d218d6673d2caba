"""The session-bound tool of the session tests, on the SDK's own sessions."""

import os

from mcp.server.mcpserver import Context, MCPServer

from fakes.conformance_server.log_levels import connection_state

_STATE_KEY = "moorage.session_tally"


def add_stateful_tools(server: MCPServer) -> None:
    server.add_tool(advance)


async def advance(ctx: Context, owner: str, nonce: str) -> dict[str, str | int]:
    """Counts this session's calls; tells who called first, so that crossings show."""
    tally = connection_state(ctx.session).setdefault(_STATE_KEY, {"owner": owner, "count": 0})
    tally["count"] += 1
    await ctx.report_progress(tally["count"], message=tally["owner"])
    return {
        "owner": tally["owner"],
        "count": tally["count"],
        "nonce": nonce,
        "replica": str(os.getpid()),
    }

"""The session-bound tool of the session tests, on the SDK's own sessions."""

import os
import secrets
from dataclasses import dataclass, field

from mcp.server.mcpserver import Context, MCPServer

from fakes.conformance_server.log_levels import connection_state

PUSH_EVERY = 10
_STATE_KEY = "moorage.session_tally"


def add_stateful_tools(server: MCPServer) -> None:
    server.add_tool(advance, structured_output=False)


async def advance(ctx: Context, owner: str, nonce: str) -> dict[str, str | int]:
    """Counts this session's calls; tells who called first, so that crossings show."""
    tally = connection_state(ctx.session).setdefault(_STATE_KEY, _Tally(owner))
    tally.count += 1
    await ctx.report_progress(tally.count, message=tally.owner)
    told: dict[str, str | int] = {
        "owner": tally.owner,
        "count": tally.count,
        "nonce": nonce,
        "secret": tally.secret,
        "replica": str(os.getpid()),
    }
    if tally.count % PUSH_EVERY == 0:
        # Without a related request it goes to the session's GET stream.
        await ctx.session.send_log_message("info", told)
    return told


@dataclass(slots=True)
class _Tally:
    owner: str
    count: int = 0
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(9))

"""`logging/setLevel` (legacy): which messages a session wants."""

from typing import Any, get_args

from mcp.server import ServerRequestContext
from mcp.server.mcpserver import MCPServer
from mcp.server.session import ServerSession
from mcp_types import EmptyResult, LoggingLevel, SetLevelRequestParams

_SEVERITY: tuple[LoggingLevel, ...] = get_args(LoggingLevel)
_STATE_KEY = "moorage.log_level"


def serve_log_levels(server: MCPServer) -> None:
    # MCPServer has no door for this method, which 2026-07-28 removed.
    handlers = server._lowlevel_server
    handlers.add_request_handler("logging/setLevel", SetLevelRequestParams, _set_level)


def wants(session: ServerSession, level: LoggingLevel) -> bool:
    least: LoggingLevel = connection_state(session).get(_STATE_KEY, "debug")
    return _SEVERITY.index(level) >= _SEVERITY.index(least)


async def _set_level(
    ctx: ServerRequestContext[Any, Any], params: SetLevelRequestParams
) -> EmptyResult:
    connection_state(ctx.session)[_STATE_KEY] = params.level
    return EmptyResult()


def connection_state(session: ServerSession) -> dict[str, Any]:
    # A ServerSession lives for one request; only its connection lasts as long as the session.
    return session._connection.state

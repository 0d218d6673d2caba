"""Puts the parts together: one MCP server, and the web application that serves it."""

from mcp.server.mcpserver import MCPServer
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.routing import Route

from fakes.conformance_server.asking_tools import add_asking_tools
from fakes.conformance_server.content_tools import add_content_tools, full_vocabulary_tool
from fakes.conformance_server.log_levels import serve_log_levels
from fakes.conformance_server.notifying_tools import add_notifying_tools
from fakes.conformance_server.prompts import add_prompts
from fakes.conformance_server.pushing_tools import add_pushing_tools
from fakes.conformance_server.resources import (
    add_resources,
    serve_completion,
    serve_subscriptions,
)
from fakes.conformance_server.session_events import ResumableSessionManager
from fakes.conformance_server.stateful_tools import add_stateful_tools

RETRY_MILLISECONDS = 100

LOOPBACK_ONLY = TransportSecuritySettings(
    allowed_hosts=["127.0.0.1:*", "localhost:*"],
    allowed_origins=["http://127.0.0.1:*", "http://localhost:*"],
)
UNGUARDED = TransportSecuritySettings(enable_dns_rebinding_protection=False)


def build_server() -> MCPServer:
    server = MCPServer(
        "moorage-conformance-server",
        version="1.0.0",
        tools=[full_vocabulary_tool()],
        log_level="WARNING",
    )
    add_content_tools(server)
    add_notifying_tools(server)
    add_pushing_tools(server)
    add_asking_tools(server)
    add_stateful_tools(server)
    add_resources(server)
    add_prompts(server)
    serve_subscriptions(server)
    serve_completion(server)
    serve_log_levels(server)
    return server


def build_web_application(server: MCPServer, *, loopback_only: bool = True) -> Starlette:
    """Streamable HTTP at /mcp; HTTP+SSE (2024-11-05) at /sse with its posts at /messages/.

    In a pod, which is called by its address, the gateway before it guards the names.
    """
    security = LOOPBACK_ONLY if loopback_only else UNGUARDED
    sessions = ResumableSessionManager(
        app=server._lowlevel_server,
        retry_interval=RETRY_MILLISECONDS,
        security_settings=security,
    )
    http_sse = server.sse_app(transport_security=security)
    return Starlette(
        routes=[Route("/mcp", endpoint=StreamableHTTPASGIApp(sessions)), *http_sse.routes],
        lifespan=lambda application: sessions.run(),
    )

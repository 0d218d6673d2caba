"""Names of the HTTP headers that both sides of the house use, lower-case, written once."""

MCP_SESSION_ID = b"mcp-session-id"
MCP_PROTOCOL_VERSION = b"mcp-protocol-version"
MCP_METHOD = b"mcp-method"
MCP_NAME = b"mcp-name"
LAST_EVENT_ID = b"last-event-id"
MCP_PARAM_PREFIX = b"mcp-param-"

CDN_LOOP = b"cdn-loop"
"""Whom a request has passed through (RFC 8586)."""

PRINCIPAL = b"moorage-principal"
"""Who is calling, as the gateway verified it; for its own stdio bridges only."""

GROUP_KEY = b"moorage-key"
"""What the sidecar of a stdio group demands from whoever speaks to it."""

"""Stdio MCP servers as HTTP endpoints: the bridge that local mode and pods use."""

from moorage_sidecar.bridge import BridgeCounts, StdioBridge
from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.stdio_server import BridgedServer, LaunchedServer, StdioServer

__all__ = [
    "BridgeCounts",
    "BridgeLimits",
    "BridgedServer",
    "LaunchedServer",
    "StdioBridge",
    "StdioServer",
]

"""Names in the cluster that the operator gives and a gateway pod looks for."""

GATEWAY_CHILD_SUFFIX = "-gateway"
"""Ends the name of a gateway's children: of its ConfigMap, its Secret, its service account."""
GROUP_LABEL = "moorage.dev/upstream-group"
"""Borne by what belongs to an upstream group: its EndpointSlices, its pods."""
MCP_PORT_NAME = "mcp"
"""The port of an EndpointSlice that speaks MCP."""

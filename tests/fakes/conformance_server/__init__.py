"""An MCP server that has everything the official conformance suite looks for.

It speaks both eras (2025-03-26 … 2025-11-25 and 2026-07-28) over streamable HTTP, the older
HTTP+SSE of 2024-11-05, and stdio. Its keys are the SDK's defaults, made anew in every process:
two replicas of it cannot read each other's request state, as it is with servers in the field.
"""

"""A cheap MCP server whose sessions matter: strict about session ids, one counter per session.

It speaks legacy streamable HTTP (2025-03-26 … 2025-11-25) and has the one tool `advance`. Some
answers come as JSON, some as SSE with a progress notification before them, and now and then the
session's GET stream gets a log message, so that every kind of channel can be checked for crossings.
"""

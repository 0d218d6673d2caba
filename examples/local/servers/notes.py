"""A notebook for each session, because each session gets a process of its own.

Clients of MCP 2026-07-28 have no sessions: all requests of one caller share a process there.
"""

from mcp.server import MCPServer

server = MCPServer("notes")
notes: list[str] = []


@server.tool()
def add_note(text: str) -> str:
    """Write a note into this session's notebook."""
    notes.append(text)
    return f"note {len(notes)} is written"


@server.tool()
def read_notes() -> list[str]:
    """All notes of this session, oldest first."""
    return notes


if __name__ == "__main__":
    server.run("stdio")

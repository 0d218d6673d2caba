"""A ticket desk for each session, because each session gets a process of its own.

Clients of MCP 2026-07-28 have no sessions: all requests of one caller share a process there.
"""

import itertools

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

server = MCPServer("tickets")
numbers = itertools.count(1)
open_tickets: dict[int, str] = {}


@server.tool()
def open_ticket(title: str) -> int:
    """Open a ticket; its number counts up within this session."""
    number = next(numbers)
    open_tickets[number] = title
    return number


@server.tool()
def close_ticket(number: int) -> str:
    """Close a ticket by its number."""
    if number not in open_tickets:
        raise ToolError(f"no ticket {number} is open in this session; see list_tickets")
    return f"closed: {open_tickets.pop(number)}"


@server.tool()
def list_tickets() -> dict[int, str]:
    """The open tickets of this session, by number."""
    return open_tickets


if __name__ == "__main__":
    server.run("stdio")

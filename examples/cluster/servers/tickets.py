"""A ticket desk over streamable HTTP that keeps its tickets in the pod's memory.

So a caller must always reach the pod that has its tickets; every answer names that pod.
"""

import itertools
import signal
import socket
import sys
from types import FrameType

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings

server = MCPServer("tickets")
pod = socket.gethostname()
numbers = itertools.count(1)
open_tickets: dict[int, str] = {}


@server.tool()
def open_ticket(title: str) -> str:
    """Open a ticket; its number counts up within this pod."""
    number = next(numbers)
    open_tickets[number] = title
    return f"ticket {number} is open at {pod}"


@server.tool()
def close_ticket(number: int) -> str:
    """Close a ticket by its number."""
    if number not in open_tickets:
        raise ToolError(f"no ticket {number} is open at {pod}; see list_tickets")
    return f"closed at {pod}: {open_tickets.pop(number)}"


@server.tool()
def list_tickets() -> dict[int, str]:
    """The open tickets of this pod, by number."""
    return open_tickets


def stop(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    # As process 1 of a container it would ignore SIGTERM otherwise until its server runs.
    signal.signal(signal.SIGTERM, stop)
    # Only the gateway reaches this port (it checks Host and Origin), by the pods' addresses.
    anybody = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    server.run("streamable-http", host="0.0.0.0", port=8000, transport_security=anybody)

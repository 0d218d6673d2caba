"""The stdio server that a bridge stands for: always from configuration, never from a request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class StdioServer:
    """How to start one MCP server that speaks over stdin and stdout."""

    command: tuple[str, ...]
    """Program and arguments; no shell reads them."""
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Variables added to the few that are inherited."""
    working_directory: str | None = None

    def __post_init__(self) -> None:
        if not self.command or not self.command[0]:
            raise ValueError("a stdio server needs a command: program first, then its arguments")

    @property
    def program(self) -> str:
        """The program alone: arguments may hold secrets and stay out of logs and errors."""
        return self.command[0]


@dataclass(frozen=True)
class LaunchedServer:
    """An MCP server that a launcher in another container starts, whose command it alone knows."""

    program: str
    """What people call it."""
    socket_path: str


BridgedServer = StdioServer | LaunchedServer
"""What a bridge can stand for; each has a ``program`` by which people know it."""

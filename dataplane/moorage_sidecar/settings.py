"""What the command line of ``python -m moorage_sidecar`` says."""

import argparse
from dataclasses import dataclass, field
from typing import Final

from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.stdio_server import BridgedServer, LaunchedServer, StdioServer

OVERLAP_SESSIONS: Final = 8
"""Above ``--max-sessions``: those that are just ending, and gateways that verify the server."""


@dataclass(frozen=True)
class Address:
    """Where to listen."""

    host: str
    port: int


@dataclass(frozen=True)
class Settings:
    """One bridge as a process."""

    name: str
    server: BridgedServer
    listen: Address
    health: Address | None = None
    key_file: str | None = None
    drain_seconds: float = 10.0
    limits: BridgeLimits = field(default_factory=BridgeLimits)

    @property
    def socket_path(self) -> str | None:
        """The launcher's socket, where there is one."""
        return self.server.socket_path if isinstance(self.server, LaunchedServer) else None


def read_settings(arguments: list[str]) -> Settings:
    """Read the command line; prints what is wrong and exits with 2."""
    parser = _parser()
    read = parser.parse_args(arguments)
    if bool(read.socket) == bool(read.command):
        parser.error("give either --socket PATH or a command after --")
    return Settings(
        name=read.name,
        server=_server(read),
        listen=_address(parser, "--listen", read.listen),
        health=_address(parser, "--health", read.health) if read.health else None,
        key_file=read.key_file,
        drain_seconds=read.drain_seconds,
        limits=_limits(read),
    )


def _parser() -> argparse.ArgumentParser:
    default = BridgeLimits()
    parser = argparse.ArgumentParser(
        prog="python -m moorage_sidecar",
        description="Serve a stdio MCP server over streamable HTTP and HTTP+SSE.",
    )
    add = parser.add_argument
    add("--listen", required=True, metavar="HOST:PORT", help="port 0: any free one")
    add("--name", required=True, help="names the bridge in its logs, and its server to callers")
    add("--socket", metavar="PATH", help="the launcher that starts the server in its container")
    add("--key-file", metavar="PATH", help="what every request must show in moorage-key")
    add("--health", metavar="HOST:PORT", help="serves /healthz, /readyz and /drain")
    add("--drain-seconds", type=_seconds, default=10.0, help="for running calls, at the end")
    add("--max-sessions", type=_count, default=default.max_sessions, help="also principals")
    add("--idle-seconds", type=_seconds, default=default.idle_seconds)
    add("--answer-seconds", type=_seconds, default=default.answer_seconds)
    add("command", nargs="*", metavar="COMMAND", help="after --: the stdio server")
    return parser


def _server(read: argparse.Namespace) -> BridgedServer:
    if read.socket:
        return LaunchedServer(read.name, read.socket)
    return StdioServer(tuple(read.command))


def _limits(read: argparse.Namespace) -> BridgeLimits:
    return BridgeLimits(
        max_sessions=read.max_sessions + OVERLAP_SESSIONS,
        max_principals=read.max_sessions + OVERLAP_SESSIONS,
        idle_seconds=read.idle_seconds,
        answer_seconds=read.answer_seconds,
    )


def _address(parser: argparse.ArgumentParser, option: str, text: str) -> Address:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        parser.error(f"{option} {text}: give HOST:PORT, for example 127.0.0.1:8081")
    return Address(host.strip("[]"), int(port))


def _count(text: str) -> int:
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text}: at least 1")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}: a number of seconds, 0 or more")
    return value

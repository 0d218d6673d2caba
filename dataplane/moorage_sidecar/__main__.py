"""The bridge as a process of its own.

``python -m moorage_sidecar --listen HOST:PORT --name NAME -- COMMAND ARG…``: JSON logs on stderr;
SIGTERM or SIGINT drains and stops.
"""

import argparse
import asyncio
import logging
import signal
import sys
from dataclasses import dataclass

from moorage_sidecar.bridge import StdioBridge
from moorage_sidecar.json_log import log_as_json
from moorage_sidecar.stdio_server import StdioServer

_logger = logging.getLogger("moorage_sidecar")


@dataclass(frozen=True)
class Settings:
    """What the command line says."""

    name: str
    host: str
    port: int
    drain_seconds: float
    command: tuple[str, ...]


def read_settings(arguments: list[str]) -> Settings:
    """Read the command line; prints what is wrong and exits with 2."""
    parser = argparse.ArgumentParser(
        prog="python -m moorage_sidecar",
        description="Serve a stdio MCP server over streamable HTTP and HTTP+SSE.",
    )
    parser.add_argument("--listen", required=True, metavar="HOST:PORT", help="port 0: any free one")
    parser.add_argument("--name", required=True, help="names the bridge in its logs")
    parser.add_argument("--drain-seconds", type=float, default=10.0)
    parser.add_argument("command", nargs="+", metavar="COMMAND", help="after --: the stdio server")
    read = parser.parse_args(arguments)
    host, _, port = read.listen.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        parser.error(f"--listen {read.listen}: give HOST:PORT, for example 127.0.0.1:8081")
    return Settings(read.name, host.strip("[]"), int(port), read.drain_seconds, tuple(read.command))


async def serve(settings: Settings) -> None:
    """Serve until a signal comes, then drain and stop."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    bridge = StdioBridge(settings.name, StdioServer(settings.command))
    await bridge.start(host=settings.host, port=settings.port)
    facts = {"bridge": settings.name, "address": bridge.address}
    _logger.info("bridge listens", extra={"facts": facts})
    await stopped.wait()
    _logger.info(
        "bridge stops", extra={"facts": {**facts, "drain_seconds": settings.drain_seconds}}
    )
    await bridge.stop(settings.drain_seconds)


def main() -> None:
    """Run the bridge; exits with 1 when its address cannot be had."""
    settings = read_settings(sys.argv[1:])
    log_as_json()
    try:
        asyncio.run(serve(settings))
    except OSError as error:
        _logger.error("bridge cannot listen on %s:%d: %s", settings.host, settings.port, error)
        sys.exit(1)


if __name__ == "__main__":
    main()

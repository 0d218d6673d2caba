"""`python -m fakes.conformance_server [--port N] [--port-file F]`, or `--stdio`."""

import argparse
import asyncio
import warnings

import uvicorn
from mcp.shared.exceptions import MCPDeprecationWarning
from starlette.applications import Starlette

from fakes.conformance_server.server import build_server, build_web_application
from fakes.listening import add_listening_arguments, open_listener


def main() -> None:
    # Sampling and logging are deprecated at 2026-07-28, and the suite still looks for them.
    warnings.simplefilter("ignore", MCPDeprecationWarning)
    arguments = _parse_arguments()
    server = build_server()
    if arguments.stdio:
        server.run("stdio")
    else:
        loopback_only = arguments.host == "127.0.0.1"
        application = build_web_application(server, loopback_only=loopback_only)
        asyncio.run(_serve(application, arguments))


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fakes.conformance_server")
    parser.add_argument("--stdio", action="store_true", help="speak on stdin and stdout")
    add_listening_arguments(parser)
    return parser.parse_args()


async def _serve(application: Starlette, arguments: argparse.Namespace) -> None:
    # httptools leaves the blanks behind a header's value, which RFC 9110 §5.5 takes off.
    config = uvicorn.Config(
        application, http="h11", log_level="warning", timeout_graceful_shutdown=1
    )
    await uvicorn.Server(config).serve(sockets=[open_listener(arguments)])


if __name__ == "__main__":
    main()

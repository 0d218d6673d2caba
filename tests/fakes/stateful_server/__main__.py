"""`python -m fakes.stateful_server [--port N] [--port-file F]`."""

import argparse
import asyncio

import uvloop
from aiohttp import web

from fakes.listening import BACKLOG, add_listening_arguments, open_listener
from fakes.stateful_server.http_story import HttpStory


async def serve(arguments: argparse.Namespace) -> None:
    # A client that leaves its GET stream must free the place at once: it will come back.
    server = web.Server(HttpStory().handle, handler_cancellation=True)
    runner = web.ServerRunner(server, shutdown_timeout=0.5)
    await runner.setup()
    await web.SockSite(runner, open_listener(arguments), backlog=BACKLOG).start()
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="fakes.stateful_server")
    add_listening_arguments(parser)
    uvloop.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()

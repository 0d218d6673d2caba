"""How a server process of the tests opens its port and tells it to whoever started it."""

import argparse
import os
import socket
from pathlib import Path

BACKLOG = 4096


def add_listening_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 lets the system choose")
    parser.add_argument("--port-file", type=Path, help="the port is written here")


def open_listener(arguments: argparse.Namespace) -> socket.socket:
    """A listening socket; its port is in the port file when this returns."""
    listener = socket.create_server((arguments.host, arguments.port), backlog=BACKLOG)
    if arguments.port_file:
        tell_port(arguments.port_file, listener.getsockname()[1])
    return listener


def tell_port(port_file: Path, port: int) -> None:
    # Renamed into place: a reader that polls must never see half a number.
    draft = port_file.with_suffix(".draft")
    draft.write_text(str(port))
    os.replace(draft, port_file)

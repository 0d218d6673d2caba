"""Stdio servers that misbehave: ``bad_server.py BEHAVIOUR [ARGUMENT]``.

Most open a session properly and go wrong at the method ``go``; ``ping`` is answered as usual.
"""

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

Message = dict[str, Any]
BEHAVIOUR = sys.argv[1]
ARGUMENT = sys.argv[2] if len(sys.argv) > 2 else ""


def write(text: str) -> None:
    """Write one line to stdout."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def answer(message: Message, result: object) -> None:
    """Answer a request."""
    write(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}))


def exit_at_start() -> None:
    """Say why and exit before anything is read."""
    print("cannot open /etc/app.toml: no such file", file=sys.stderr)
    sys.exit(3)


def never_answer() -> None:
    """Read everything, say nothing."""
    for _ in sys.stdin:
        pass


def never_read() -> None:
    """Open the session, then read nothing more and never end by itself."""
    open_session()
    while True:
        time.sleep(60)


def ignore_the_end() -> None:
    """Neither end of file nor SIGTERM ends this one."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    open_session()
    while True:
        time.sleep(60)


def fork_children() -> None:
    """Leave children behind that hold the pipes; their numbers are the result of ``go``."""
    children = [subprocess.Popen(["sleep", "300"], stdin=subprocess.DEVNULL) for _ in range(3)]
    serve({"go": lambda m: answer(m, [child.pid for child in children])})


def let_a_child_escape() -> None:
    """Crash and leave a child outside of the group that holds the pipes for a while."""

    def go(message: Message) -> None:
        subprocess.Popen(["sleep", ARGUMENT], stdin=subprocess.DEVNULL, start_new_session=True)
        os._exit(5)

    serve({"go": go})


def close_stdin() -> None:
    """Open the session, then read nothing more because stdin is closed."""
    open_session()
    os.close(0)
    time.sleep(60)


def close_stdout() -> None:
    """Open the session, then close stdout and live on."""

    def go(_: Message) -> None:
        os.close(1)

    serve({"go": go})


def print_noise() -> None:
    """Print what is no MCP around every answer."""
    print("starting up ...")
    write('{"level": "info", "text": "ready"}')

    def go(message: Message) -> None:
        for _ in range(int(ARGUMENT or "1")):
            write("debug: " + "x" * 1000)
        answer(message, "after the noise")

    serve({"go": go})


def crash() -> None:
    """End in the middle of a call, by an exit code or a signal."""

    def go(_: Message) -> None:
        print("out of luck", file=sys.stderr)
        sys.stderr.flush()
        if ARGUMENT == "signal":
            os.kill(os.getpid(), signal.SIGKILL)
        os._exit(7)

    serve({"go": go})


def write_a_long_line() -> None:
    """Write a line without end."""

    def go(_: Message) -> None:
        while True:
            sys.stdout.write("x" * 65536)

    serve({"go": go})


def garble() -> None:
    """Answer with what is no JSON for strict readers."""
    serve({"go": lambda m: write(f'{{"jsonrpc":"2.0","id":{m["id"]},"result":{{"x":NaN}}}}')})


def flood() -> None:
    """Send notifications without end until the pipe is closed."""

    def go(_: Message) -> None:
        event = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": "x" * 999}}
        for _number in range(int(ARGUMENT)):
            write(json.dumps(event))

    serve({"go": go})


def shout() -> None:
    """Write very much to stderr."""

    def go(message: Message) -> None:
        for number in range(20_000):
            print(f"line {number} " + "y" * 200, file=sys.stderr)
        answer(message, "after the shouting")

    serve({"go": go})


def open_session() -> None:
    """Answer the first line, which is initialize."""
    initialize(json.loads(sys.stdin.readline()))


def initialize(message: Message) -> None:
    """Open the session."""
    info = {"name": BEHAVIOUR, "version": "1.0"}
    version = message["params"].get("protocolVersion", "2025-11-25")
    answer(message, {"protocolVersion": version, "capabilities": {}, "serverInfo": info})


def serve(methods: dict[str, Any]) -> None:
    """Answer line by line until end of file."""
    for line in sys.stdin:
        message = json.loads(line)
        if message.get("method") == "initialize":
            initialize(message)
        elif message.get("method") in methods:
            methods[message["method"]](message)
        elif "id" in message:
            answer(message, {})


if __name__ == "__main__":
    globals()[BEHAVIOUR]()

"""A legacy-only stdio server without any library: starts in milliseconds, ends at end of file.

``plain_server.py [VERSION]`` negotiates that version, or else the one that the client asks for.
Methods beyond MCP's: ``wait`` (params.seconds), ``progress`` (params.number), ``tell``
(params.notification: its method), ``ask`` (a request to the client whose answer
becomes the result), ``forget`` (no answer at all), ``raw`` (params.line as a line of stdout),
``cancelled`` (the ids of cancelled calls so far).
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

Message = dict[str, Any]
waiting_for_client: dict[str, Any] = {}
cancelled: list[object] = []


def send(message: Message) -> None:
    """Write one message as one line."""
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def answer(message: Message, result: object) -> None:
    """Answer a request."""
    send({"id": message["id"], "result": result})


def initialize(message: Message) -> None:
    """Open the session."""
    version = sys.argv[1] if len(sys.argv) > 1 else message["params"]["protocolVersion"]
    info = {"name": "plain-server", "version": "1.0"}
    answer(message, {"protocolVersion": version, "capabilities": {}, "serverInfo": info})


def progress(message: Message) -> None:
    """Report progress under the caller's token, then answer."""
    params = message["params"]
    for step in range(1, params["number"] + 1):
        told = {"progressToken": params["_meta"]["progressToken"], "progress": step}
        send({"method": "notifications/progress", "params": told})
    answer(message, {})


def wait(message: Message) -> None:
    """Answer after a while; nothing else is read meanwhile."""
    time.sleep(message["params"]["seconds"])
    answer(message, {})


def tell(message: Message) -> None:
    """Send a notification, then answer."""
    send({"method": message["params"]["notification"], "params": {}})
    answer(message, {})


def ask(message: Message) -> None:
    """Ask the client; its answer becomes ours."""
    question = f"question-{message['id']}"
    waiting_for_client[question] = message
    send({"id": question, "method": "roots/list", "params": {}})


def echo(message: Message) -> None:
    """Answer with the parameters."""
    answer(message, message.get("params"))


def write_raw(message: Message) -> None:
    """Write a line as the caller wants it, then answer."""
    sys.stdout.write(message["params"]["line"] + "\n")
    answer(message, {})


def stay_silent(_: Message) -> None:
    """Never answer."""


METHODS: dict[str, Callable[[Message], None]] = {
    "initialize": initialize,
    "progress": progress,
    "wait": wait,
    "tell": tell,
    "ask": ask,
    "forget": stay_silent,
    "raw": write_raw,
    "cancelled": lambda message: answer(message, {"cancelled": cancelled}),
}


def take(message: Message) -> None:
    """Do what a message asks for; everything unknown is echoed."""
    if "method" not in message:
        answer(waiting_for_client.pop(message["id"]), message.get("result"))
    elif message["method"] == "notifications/cancelled":
        cancelled.append(message["params"]["requestId"])
    elif message["method"] == "server/discover":
        error = {"code": -32601, "message": "unknown method"}
        send({"id": message["id"], "error": error})
    elif "id" in message:
        METHODS.get(message["method"], echo)(message)


if __name__ == "__main__":
    for line in sys.stdin:
        take(json.loads(line))

"""A modern-only stdio server without any library.

Methods beyond MCP's: ``crash``, ``forget`` (no answer), ``log`` (params.text as a log message of
its call), ``progress`` (params.number), ``cancelled`` (the ids of cancelled calls so far),
``intrude`` (a request to the client, which this version forbids; answers with the client's
answer), ``process`` (the number of this process), ``raw`` (params.line as a line of stdout, with
the request's id for ``ID`` in it); everything else is echoed.
"""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

Message = dict[str, Any]
VERSION = "2026-07-28"
cancelled: list[object] = []
waiting: list[Message] = []


def send(message: Message) -> None:
    """Write one message as one line."""
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def answer(message: Message, result: Message) -> None:
    """Answer a request completely."""
    send({"id": message["id"], "result": {"resultType": "complete", **result}})


def discover(message: Message) -> None:
    """Say which version is spoken."""
    answer(message, {"supportedVersions": [VERSION], "capabilities": {}})


def progress(message: Message) -> None:
    """Report progress under the caller's token, then answer."""
    token = message["params"]["_meta"]["progressToken"]
    for step in range(1, message["params"]["number"] + 1):
        told = {"progressToken": token, "progress": step}
        send({"method": "notifications/progress", "params": told})
    answer(message, {})


def log(message: Message) -> None:
    """Send a log message, then answer."""
    told = {"level": "info", "data": message["params"]["text"]}
    send({"method": "notifications/message", "params": told})
    answer(message, {})


def listen(message: Message) -> None:
    """Acknowledge a subscription and send one event of it."""
    meta = {"_meta": {"io.modelcontextprotocol/subscriptionId": message["id"]}}
    send({"method": "notifications/subscriptions/acknowledged", "params": meta})
    send({"method": "notifications/tools/list_changed", "params": meta})


def intrude(message: Message) -> None:
    """Ask the client what this version does not let a server ask."""
    waiting.append(message)
    send({"id": "intrusion", "method": "sampling/createMessage", "params": {}})


def write_raw(message: Message) -> None:
    """Write a line as the caller wants it."""
    sys.stdout.write(message["params"]["line"].replace("ID", str(message["id"])) + "\n")
    sys.stdout.flush()


def echo(message: Message) -> None:
    """Answer with the parameters."""
    answer(message, {"params": message["params"]})


def stay_silent(_: Message) -> None:
    """Never answer."""


METHODS: dict[str, Callable[[Message], None]] = {
    "server/discover": discover,
    "crash": lambda message: os._exit(9),
    "forget": stay_silent,
    "progress": progress,
    "log": log,
    "subscriptions/listen": listen,
    "cancelled": lambda message: answer(message, {"cancelled": cancelled}),
    "intrude": intrude,
    "raw": write_raw,
    "process": lambda message: answer(message, {"id": os.getpid()}),
}


def take(message: Message) -> None:
    """Do what a message asks for."""
    if message.get("method") == "notifications/cancelled":
        cancelled.append(message["params"]["requestId"])
    elif "method" not in message:
        answer(waiting.pop(), {"told": message["error"]["code"]})
    elif message["method"] == "unknown":
        error = {"code": -32601, "message": "unknown method"}
        send({"id": message["id"], "error": error})
    elif "id" in message:
        METHODS.get(message["method"], echo)(message)


if __name__ == "__main__":
    for line in sys.stdin:
        take(json.loads(line))

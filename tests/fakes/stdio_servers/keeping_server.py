"""A stdio server without any library whose tools show which process answers and what it kept.

Tools: ``mark`` (keeps `text`, answers with all that were kept), ``process_id``, ``environment``
(names and values as JSON), ``wait`` (answers after `seconds`).
"""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

Message = dict[str, Any]
marks: list[str] = []


def mark(arguments: Message) -> str:
    marks.append(arguments["text"])
    return " ".join(marks)


def wait(arguments: Message) -> str:
    time.sleep(float(arguments["seconds"]))
    return "waited"


def process_id(_: Message) -> str:
    return str(os.getpid())


def environment(_: Message) -> str:
    return json.dumps(dict(os.environ))


TOOLS: dict[str, Callable[[Message], str]] = {
    tool.__name__: tool for tool in (mark, wait, process_id, environment)
}


def result_of(message: Message) -> Message:
    """The result of a request."""
    params = message.get("params", {})
    if message["method"] == "initialize":
        info = {"name": "keeping-server", "version": "1.0"}
        version = params["protocolVersion"]
        return {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info}
    if message["method"] == "tools/call":
        text = TOOLS[params["name"]](params.get("arguments", {}))
        return {"content": [{"type": "text", "text": text}]}
    return {}


if __name__ == "__main__":
    for line in sys.stdin:
        message = json.loads(line)
        if "id" in message:
            answer = {"jsonrpc": "2.0", "id": message["id"], "result": result_of(message)}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()

"""A stdio server with the standard library alone, whose tools do what goes wrong in pods.

Tools: ``whoami`` (user, group, process, HOME and what of it can be written), ``wait`` (seconds),
``crash`` (exit code), ``eat`` (memory until the kernel ends it), ``leave`` (an orphan for
process 1), ``hang`` (for ever).
"""

import json
import os
import subprocess
import sys
import time
from typing import Any

Message = dict[str, Any]


def writable(folder: str) -> bool:
    """Whether this process may write there."""
    return os.access(folder, os.W_OK)


def whoami(_: Message) -> str:
    return json.dumps(
        {
            "uid": os.getuid(),
            "gid": os.getgid(),
            "pid": os.getpid(),
            "parent": os.getppid(),
            "home": os.environ.get("HOME"),
            "home_writable": writable(os.environ.get("HOME", "/")),
            "root_writable": writable("/"),
            "tmp_writable": writable("/tmp"),
            "token": os.path.exists("/var/run/secrets/kubernetes.io/serviceaccount/token"),
        }
    )


def wait(arguments: Message) -> str:
    time.sleep(float(arguments["seconds"]))
    return "waited"


def crash(arguments: Message) -> str:
    print("crashing as asked", file=sys.stderr, flush=True)
    os._exit(int(arguments["code"]))


def eat(_: Message) -> str:
    held = []
    while True:
        held.append(bytearray(os.urandom(1024)) * 4096)


def leave(_: Message) -> str:
    subprocess.Popen(["sh", "-c", "setsid sleep 1 & exit"]).wait()
    return "left"


def hang(_: Message) -> str:
    while True:
        time.sleep(60)


TOOLS = {tool.__name__: tool for tool in (whoami, wait, crash, eat, leave, hang)}


def result_of(message: Message) -> Message:
    params = message.get("params", {})
    if message["method"] == "initialize":
        return {
            "protocolVersion": params["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "stdio-python", "version": "1.0"},
        }
    if message["method"] == "tools/list":
        schema = {"type": "object"}
        return {"tools": [{"name": name, "inputSchema": schema} for name in TOOLS]}
    if message["method"] == "tools/call":
        text = TOOLS[params["name"]](params.get("arguments", {}))
        return {"content": [{"type": "text", "text": text}]}
    return {}


def answer(message: Message) -> Message:
    head = {"jsonrpc": "2.0", "id": message["id"]}
    if message["method"] == "server/discover":
        return {**head, "error": {"code": -32601, "message": "unknown method"}}
    return {**head, "result": result_of(message)}


for line in sys.stdin:
    received = json.loads(line)
    if "id" in received and "method" in received:
        print(json.dumps(answer(received)), flush=True)

"""What the rig needs to know of a proxy, and a proxy that runs."""

import http.client
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from benchmarks.rig.load import LoadFailed
from benchmarks.rig.meters import cpu_ns, pss_kb, tree
from benchmarks.rig.pinning import PROXY_CORE, pinned
from benchmarks.rig.places import cache_folder
from benchmarks.rig.processes import Running, running
from benchmarks.rig.stub import Stub

READY_SECONDS = 60
_INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "mcp", "version": "0.1.0"},
    },
}


@dataclass(frozen=True)
class Launch:
    """How to start a proxy, and where it then listens on 127.0.0.1."""

    command: list[str]
    port: int
    path: str = "/mcp"
    uncounted: tuple[str, ...] = ()
    """Executables in its tree that are the upstream, not the proxy."""
    environment: dict[str, str] = field(default_factory=dict)


class Proxy(Protocol):
    @property
    def name(self) -> str: ...

    def install(self) -> None:
        """Brings what the proxy needs into ``.bench``; quick when it is there."""

    def launch(self, upstream: Stub, folder: Path) -> Launch:
        """Writes the configuration into the folder."""


@dataclass(frozen=True)
class RunningProxy:
    launch: Launch
    process: Running

    def cpu_ns(self) -> int:
        return cpu_ns(self.pids())

    def pss_kb(self) -> int:
        return pss_kb(self.pids())

    def target(self) -> dict[str, object]:
        """Where a load program finds it."""
        return {"port": self.launch.port, "path": self.launch.path}

    def pids(self) -> list[int]:
        return tree(self.process.pid, self.launch.uncounted)


@contextmanager
def running_proxy(proxy: Proxy, upstream: Stub) -> Iterator[RunningProxy]:
    """The proxy on its core, once a real MCP handshake through it has worked."""
    with tempfile.TemporaryDirectory(dir=cache_folder("run")) as folder:
        launch = proxy.launch(upstream, Path(folder))
        command = pinned(PROXY_CORE, launch.command)
        with running(command, environment=launch.environment) as process:
            _wait_until_ready(launch, process)
            yield RunningProxy(launch, process)


def _wait_until_ready(launch: Launch, process: Running) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not _handshakes(launch):
        if process.has_ended() or time.monotonic() > deadline:
            raise LoadFailed(f"did not start: {process.last_words()}")
        time.sleep(0.1)


def _handshakes(launch: Launch) -> bool:
    fields = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
    path = launch.path.replace("{route}", "0")
    connection = http.client.HTTPConnection("127.0.0.1", launch.port, timeout=20)
    try:
        connection.request("POST", path, json.dumps(_INITIALIZE), fields)
        answer = connection.getresponse()
        answer.read()
        session = answer.getheader("mcp-session-id")
        if answer.status == 200 and session:
            connection.request("DELETE", path, headers={**fields, "mcp-session-id": session})
            connection.getresponse().read()
        return answer.status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

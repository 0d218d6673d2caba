"""The gateway under test, in local mode, from the same resources that a cluster would use."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.proxies.proxy import Launch
from benchmarks.rig.processes import free_port
from benchmarks.rig.stub import Stub

_API_VERSION = "moorage.dev/v1alpha1"


@dataclass(frozen=True)
class Moorage:
    label: str
    python: str
    routes: int = 1
    sessions_per_pod: int = 10_000

    @property
    def name(self) -> str:
        return f"moorage {self.label}"

    def install(self) -> None:
        pass

    def launch(self, upstream: Stub, folder: Path) -> Launch:
        port = free_port()
        resources = folder / "resources.yaml"
        resources.write_text("\n---\n".join(map(json.dumps, self._resources(upstream))))
        command = [self.python, "-m", "moorage_local", "up", str(resources)]
        listen = ["--listen", f"127.0.0.1:{port}", "--admin", f"127.0.0.1:{free_port()}"]
        path = "/mcp" if self.routes == 1 else "/{route}/mcp"
        return Launch([*command, *listen], port, path)

    def _resources(self, upstream: Stub) -> list[dict[str, Any]]:
        return [_gateway(self._paths()), _group(upstream, self.sessions_per_pod)]

    def _paths(self) -> list[str]:
        if self.routes == 1:
            return ["/mcp"]
        return [f"/{number}/mcp" for number in range(self.routes)]


def _gateway(paths: list[str]) -> dict[str, Any]:
    return {
        "apiVersion": _API_VERSION,
        "kind": "McpGateway",
        "metadata": {"name": "bench"},
        "spec": {"routes": [{"path": path, "upstream": {"name": "stub"}} for path in paths]},
    }


def _group(upstream: Stub, sessions_per_pod: int) -> dict[str, Any]:
    return {
        "apiVersion": _API_VERSION,
        "kind": "McpUpstreamGroup",
        "metadata": {"name": "stub"},
        "spec": {
            "source": {"external": {"endpoints": [{"url": url} for url in upstream.urls()]}},
            "sessions": {"perPod": sessions_per_pod},
        },
    }

"""mcp-proxy (PyPI): streamable HTTP in front of one stdio server, whose own cost is not counted."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.proxies.proxy import Launch
from benchmarks.rig.environments import environment
from benchmarks.rig.processes import free_port
from benchmarks.rig.programs import program
from benchmarks.rig.stub import Stub

PACKAGE = "mcp-proxy==0.13.0"


@dataclass(frozen=True)
class McpProxy:
    name: str = "mcp-proxy"

    def install(self) -> None:
        environment("mcp-proxy", PACKAGE)

    def launch(self, upstream: Stub, folder: Path) -> Launch:
        port = free_port()
        executable = environment("mcp-proxy", PACKAGE).with_name("mcp-proxy")
        server = program("stdio_echo")
        command = [str(executable), "--log-level", "ERROR", "--port", str(port), "--", str(server)]
        return Launch(command, port, uncounted=(server.name,))

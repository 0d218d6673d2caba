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
    """On the interpreter that the gateway runs on: another one would be compared too, else."""

    label: str
    python: str

    @property
    def name(self) -> str:
        return f"mcp-proxy {self.label}"

    @property
    def _environment(self) -> Path:
        return environment(self.name.replace(" ", "-"), PACKAGE, python=self.python)

    def install(self) -> None:
        _ = self._environment

    def launch(self, upstream: Stub, folder: Path) -> Launch:
        port = free_port()
        executable = self._environment.with_name("mcp-proxy")
        server = program("stdio_echo")
        command = [str(executable), "--log-level", "ERROR", "--port", str(port), "--", str(server)]
        return Launch(command, port, uncounted=(server.name,))

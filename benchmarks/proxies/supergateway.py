"""supergateway (npm), stateful: one stdio server per session; the servers' cost is not counted."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.proxies.proxy import Launch
from benchmarks.rig.environments import node_modules
from benchmarks.rig.processes import free_port
from benchmarks.rig.programs import program
from benchmarks.rig.stub import Stub

VERSION = "4.0.0"


@dataclass(frozen=True)
class Supergateway:
    name: str = "supergateway"

    def install(self) -> None:
        node_modules("supergateway", VERSION)

    def launch(self, upstream: Stub, folder: Path) -> Launch:
        port = free_port()
        script = node_modules("supergateway", VERSION) / "supergateway" / "dist" / "index.js"
        server = program("stdio_echo")
        on_loopback = Path(__file__).with_name("loopback_only.cjs")
        command = ["node", "--require", str(on_loopback), str(script), "--stdio", str(server)]
        options = ["--outputTransport", "streamableHttp", "--stateful", "--port", str(port)]
        return Launch([*command, *options, "--logLevel", "none"], port, uncounted=(server.name,))

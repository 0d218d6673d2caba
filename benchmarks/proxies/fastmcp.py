"""The FastMCP proxy (PyPI fastmcp) as its documentation starts one."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.proxies.proxy import Launch
from benchmarks.rig.environments import environment
from benchmarks.rig.processes import free_port
from benchmarks.rig.stub import Stub

PACKAGE = "fastmcp==4.1.2"
_PROGRAM = """
import sys
from fastmcp.server import create_proxy
proxy = create_proxy(sys.argv[2], name="bench")
proxy.run(transport="http", host="127.0.0.1", port=int(sys.argv[1]), path="/mcp",
          log_level="error", show_banner=False)
"""


@dataclass(frozen=True)
class FastMcp:
    name: str = "fastmcp proxy"

    def install(self) -> None:
        environment("fastmcp", PACKAGE)

    def launch(self, upstream: Stub, folder: Path) -> Launch:
        port = free_port()
        program = folder / "proxy.py"
        program.write_text(_PROGRAM)
        python = environment("fastmcp", PACKAGE)
        return Launch([str(python), str(program), str(port), upstream.url], port)

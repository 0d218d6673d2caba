"""The proxy anybody would write first: aiohttp Application + ClientSession, relaying every byte."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.proxies.proxy import Launch
from benchmarks.rig.processes import free_port
from benchmarks.rig.stub import Stub


@dataclass(frozen=True)
class Naive:
    """Run on the same interpreter as the gateway it is compared with."""

    label: str
    python: str

    @property
    def name(self) -> str:
        return f"naive aiohttp {self.label}"

    def install(self) -> None:
        pass

    def launch(self, upstream: Stub, folder: Path) -> Launch:
        port = free_port()
        program = Path(__file__).with_name("naive_app.py")
        return Launch([self.python, str(program), str(port), upstream.url], port)

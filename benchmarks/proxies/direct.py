"""No proxy at all: the ceiling of stub and load."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.proxies.proxy import Launch
from benchmarks.rig.stub import Stub


@dataclass(frozen=True)
class Direct:
    name: str = "direct"

    def install(self) -> None:
        pass

    def launch(self, upstream: Stub, folder: Path) -> Launch:
        return Launch(["sleep", "3600"], upstream.port)

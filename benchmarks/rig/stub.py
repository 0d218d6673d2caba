"""The upstream: one C process that is as many MCP endpoints as wanted."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.rig.pinning import LOAD_CORE, pinned
from benchmarks.rig.processes import Running, free_port, running
from benchmarks.rig.programs import program

ADDRESSES_PER_BLOCK = 250


@dataclass(frozen=True)
class Emission:
    """What the stub wrote on the open streams."""

    events: int
    seconds: float


@dataclass(frozen=True)
class Stub:
    """A running stub; its endpoints share a port and differ in their loopback address."""

    port: int
    addresses: tuple[str, ...]
    process: Running

    @property
    def url(self) -> str:
        return f"http://{self.addresses[0]}:{self.port}/mcp"

    def urls(self) -> list[str]:
        return [f"http://{address}:{self.port}/mcp" for address in self.addresses]

    def open_streams(self) -> int:
        return int(self._ask("streams").split()[1])

    def calls(self) -> int:
        return int(self._ask("calls").split()[1])

    def begin_events(self, *, per_second: int, data_bytes: int, ids: bool, count: int) -> None:
        """Deals ``count`` events to all open streams; 0 per second means as fast as they go."""
        self.process.tell(f"emit {per_second} {data_bytes} {int(ids)} {count}")

    def end_of_events(self) -> Emission:
        _, events, elapsed_ns = self._hear().split()
        return Emission(int(events), int(elapsed_ns) / 1e9)

    def _ask(self, line: str) -> str:
        self.process.tell(line)
        return self._hear()

    def _hear(self) -> str:
        line = self.process.hear()
        if not line:
            raise SystemExit(f"the stub upstream died: {self.process.last_words()}")
        return line


@contextmanager
def stub(endpoints: int = 1) -> Iterator[Stub]:
    port = free_port()
    command = pinned(LOAD_CORE, [str(program("stub")), str(port), str(endpoints)])
    with running(command, talks=True) as process:
        started = Stub(port, tuple(map(_address, range(endpoints))), process)
        started._hear()
        yield started


def _address(index: int) -> str:
    if index == 0:
        return "127.0.0.1"
    return f"127.1.{index // ADDRESSES_PER_BLOCK}.{1 + index % ADDRESSES_PER_BLOCK}"

"""What ``ServerProcess`` needs of a process, wherever it runs."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from moorage_sidecar.processes.process_exit import ProcessExit


class Output(Protocol):
    """One of a process's outputs."""

    async def read(self) -> bytes:
        """The next chunk; empty at the end. Whoever does not read makes the process wait."""


class ProcessChannel(Protocol):
    """A started process: its group, its pipes, its end."""

    @property
    def pid(self) -> int: ...
    @property
    def ended(self) -> "asyncio.Future[ProcessExit]":
        """How it ended; its group is gone by then."""

    @property
    def stdout(self) -> Output: ...
    @property
    def stderr(self) -> Output: ...

    def write_lines(self, messages: Sequence[bytes]) -> None:
        """Queue each message as one line; raises ``NotReading``, and then none is queued."""

    def close_stdin(self) -> None:
        """Send end of file after what is queued: the polite request to exit."""

    def abort_stdin(self) -> None:
        """Give up what is queued."""

    def signal_group(self, number: int) -> None:
        """Signal every member of the group; nothing happens once the leader is gone."""

    async def outputs_over(self) -> None:
        """Returns when nothing more comes of the outputs, at the latest soon after the end.

        A child that left the process group may hold a pipe for ever; silence ends it then.
        """

    async def give_up(self, seconds: float) -> None:
        """Kill the process and close what belongs to it; waits for its end at most so long."""

"""A child that is steered: it takes JSON lines on its stdin and tells JSON lines on its stdout."""

import json
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fakes.child_process import ChildProcess, ChildProcessError, start

LINE_BYTES = 1024 * 1024

Line = dict[str, Any]


class TalkingProcess:
    def __init__(self, child: ChildProcess) -> None:
        self._child = child

    async def say(self, line: Line) -> None:
        stdin = self._child.process.stdin
        assert stdin is not None
        stdin.write(json.dumps(line).encode() + b"\n")
        await stdin.drain()

    async def hear(self) -> Line:
        """The child's next line; raises ChildProcessError with its stderr when it ended."""
        stdout = self._child.process.stdout
        assert stdout is not None
        raw = await stdout.readline()
        if not raw:
            code = await self._child.process.wait()
            raise ChildProcessError(
                f"{self._child.name} ended with {code}; it printed:\n{self._child.output()[-4000:]}"
            )
        line: Line = json.loads(raw)
        return line


@asynccontextmanager
async def talking(
    name: str, command: Sequence[str | Path], environment: Mapping[str, str] | None = None
) -> AsyncIterator[TalkingProcess]:
    with tempfile.TemporaryDirectory(prefix="moorage-child-") as folder:
        output_file = Path(folder) / "output"
        child = await start(name, command, environment or {}, output_file, pipe_bytes=LINE_BYTES)
        try:
            yield TalkingProcess(child)
        finally:
            await child.stop()

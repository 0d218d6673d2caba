"""The client processes of a session test: their calls come together at one judge."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from conformance.node_tools import FOLDER_VARIABLE, NodeTools
from fakes.talking_process import Line, TalkingProcess, talking
from integration.sessions.judging import Call, Judge

TYPESCRIPT_CLIENTS = Path(__file__).with_name("typescript_clients.mjs")


@dataclass(slots=True)
class Heard:
    """Notifications by channel, and those that named another session's owner."""

    counts: Counter[str] = field(default_factory=Counter)
    crossed: list[Line] = field(default_factory=list)
    owners_by_stream: set[str] = field(default_factory=set)
    """Sessions that heard something on their GET stream since this was last cleared."""

    def note(self, line: Line) -> None:
        self.counts[line["channel"]] += 1
        if line["channel"] == "stream":
            self.owners_by_stream.add(line["owner"])
        if line["told"] != line["owner"]:
            self.crossed.append(line)


@dataclass(slots=True)
class Fleet:
    """Client processes that do the same thing at the same time."""

    processes: list[TalkingProcess]
    on_call: Callable[[], None]
    judge: Judge = field(default_factory=Judge)
    heard: Heard = field(default_factory=Heard)

    async def until_opened(self) -> int:
        lines = await asyncio.gather(*(self._until(each, "opened") for each in self.processes))
        return sum(line["sessions"] for line in lines)

    async def run(self, calls_per_session: int) -> None:
        await self._all_do({"do": "run", "calls": calls_per_session}, "done")

    async def close(self) -> None:
        await self._all_do({"do": "close"}, "closed")

    async def _all_do(self, command: Line, end: str) -> None:
        for process in self.processes:
            await process.say(command)
        await asyncio.gather(*(self._until(process, end) for process in self.processes))

    async def _until(self, process: TalkingProcess, end: str) -> Line:
        while (line := await process.hear())["event"] != end:
            if line["event"] == "heard":
                self.heard.note(line)
            else:
                self._judge_all(line)
        return line

    def _judge_all(self, line: Line) -> None:
        for record in line["records"]:
            self.judge.judge(Call(*record))
            self.on_call()


@asynccontextmanager
async def launch(
    url: str, python: int, typescript: int, tools: NodeTools | None, on_call: Callable[[], None]
) -> AsyncIterator[Fleet]:
    """A process with `python` sessions and one with `typescript` sessions, not yet open."""
    async with AsyncExitStack() as stack:
        fleet = Fleet([], on_call)
        if python:
            command = [sys.executable, "-m", "integration.sessions.python_clients"]
            options = ["--url", url, "--sessions", str(python), "--prefix", "py"]
            clients = talking("Python clients", [*command, *options])
            fleet.processes.append(await stack.enter_async_context(clients))
        if typescript:
            assert tools is not None
            options = ["--url", url, "--sessions", str(typescript), "--prefix", "ts"]
            clients = talking(
                "TypeScript clients",
                [tools.node, TYPESCRIPT_CLIENTS, *options],
                {FOLDER_VARIABLE: str(tools.folder)},
            )
            fleet.processes.append(await stack.enter_async_context(clients))
        yield fleet

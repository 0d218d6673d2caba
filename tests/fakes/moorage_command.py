"""The command ``moorage`` as a user runs it: to its end, or until it serves."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from mcp import Client
from mcp.types import CallToolResult, TextContent

from fakes.child_process import ChildProcess, ChildProcessError, running

SERVES_WITHIN_SECONDS = 30.0
_PYTHON_FIRST = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


@dataclass(frozen=True)
class Finished:
    """A command that ended."""

    status: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Up:
    """A `moorage up` that serves."""

    child: ChildProcess
    base_url: str
    admin_url: str

    def output(self) -> str:
        """Everything it said so far, on stdout and stderr."""
        return self.child.output()

    def url(self, path: str = "/mcp") -> str:
        """Where a route is served."""
        return f"{self.base_url}{path}"

    def client(self, path: str = "/mcp") -> Client:
        """A client of the era with sessions."""
        return Client(self.url(path), mode="legacy")

    async def says(self, text: str, seconds: float) -> str:
        """Wait until it has said the text; everything it said."""
        deadline = asyncio.get_running_loop().time() + seconds
        while text not in self.output():
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"not said in {seconds} s: {text!r}; it said {self.output()}")
            await asyncio.sleep(0.02)
        return self.output()


async def finished(
    *arguments: str | Path,
    stdin: str = "",
    seconds: float = 30.0,
    environment: Mapping[str, str] | None = None,
) -> Finished:
    """Run the command to its end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "moorage_local", *map(str, arguments)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **(environment or {})},
    )
    stdout, stderr = await asyncio.wait_for(process.communicate(stdin.encode()), seconds)
    assert process.returncode is not None
    return Finished(process.returncode, stdout.decode(), stderr.decode())


@asynccontextmanager
async def up(
    *arguments: str | Path,
    environment: Mapping[str, str] | None = None,
    listen: str = "127.0.0.1:0",
) -> AsyncIterator[Up]:
    """`moorage up` on ports of its own choice."""
    addresses = ("--listen", listen, "--admin", "127.0.0.1:0")
    command = (sys.executable, "-m", "moorage_local", "up", *arguments, *addresses)
    variables = {**_PYTHON_FIRST, **(environment or {})}
    async with running("moorage up", command, variables) as child:
        admin_url = await _said(child, r"metrics and health on (\S+)")
        base_url = await _said(child, r"(?m)^  (http://[^/]+)/")
        yield Up(child, base_url, admin_url)


async def _said(child: ChildProcess, pattern: str) -> str:
    deadline = asyncio.get_running_loop().time() + SERVES_WITHIN_SECONDS
    while (found := re.search(pattern, child.output())) is None:
        child.require_running()
        if asyncio.get_running_loop().time() > deadline:
            raise ChildProcessError(f"it does not serve; it said:\n{child.output()}")
        await asyncio.sleep(0.02)
    return found[1]


def text_of(result: CallToolResult) -> str:
    """The text of a tool's result."""
    content = result.content[0]
    assert isinstance(content, TextContent)
    return content.text

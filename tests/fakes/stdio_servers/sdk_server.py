"""A stdio server on the official SDK; it speaks both eras.

Its tools touch every way a message can take: answer, progress, log, question to the client,
change notification, state of the process.
"""

import os

import anyio
from mcp.server.mcpserver import Context, MCPServer
from pydantic import BaseModel

server = MCPServer("sdk-server", version="1.0")
marks: list[str] = []


class Consent(BaseModel):
    """What the client is asked for."""

    agreed: bool


@server.tool()
async def echo(text: str) -> str:
    """Answer with the same text."""
    return text


@server.tool()
async def mark(text: str) -> str:
    """Keep a text in the process, and answer with all that were kept."""
    marks.append(text)
    return " ".join(marks)


@server.tool()
async def process_id() -> str:
    """Answer with the number of this process."""
    return str(os.getpid())


@server.tool()
async def environment() -> str:
    """Answer with the names of the variables this process sees."""
    return " ".join(sorted(os.environ))


@server.tool()
async def count_to(number: int, ctx: Context) -> str:
    """Report progress for each step."""
    for step in range(1, number + 1):
        await ctx.report_progress(step, number)
    return f"counted to {number}"


@server.tool()
async def tell_log(text: str, ctx: Context) -> str:
    """Send a text as a log message."""
    await ctx.info(text)
    return "told"


@server.tool()
async def ask_consent(question: str, ctx: Context) -> str:
    """Ask the client something and answer with what it said."""
    answer = await ctx.elicit(question, Consent)
    return answer.action


@server.tool()
async def wait_for(seconds: float) -> str:
    """Answer after a while."""
    await anyio.sleep(seconds)
    return f"waited {seconds:g}"


@server.tool()
async def change_tools(ctx: Context) -> str:
    """Say that the list of tools changed."""
    await ctx.notify_tools_changed()
    return "changed"


if __name__ == "__main__":
    server.run()

"""One talk of an official client with the fixture server, over either transport.

The Python client speaks here, the TypeScript client in `conversation.mjs`; both tell the same.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

from mcp import ClientSession
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, CreateMessageRequestParams, CreateMessageResult, TextContent

from conformance.node_tools import FOLDER_VARIABLE, PINNED_FOLDER, NodeTools
from fakes.talking_process import talking

Transport = Literal["http-sse", "streamable"]
Told = dict[str, Any]

CALLS = 3


def expected(owner: str) -> Told:
    """What a client hears that is alone with its session."""
    return {
        "server": "moorage-conformance-server",
        "simple": "This is a simple text response for testing.",
        "progress": [0, 50, 100],
        "sampled": f"LLM response: {owner} says hello",
        "failed": True,
        "owners": [owner] * CALLS,
        "counts": list(range(1, CALLS + 1)),
    }


async def talk_in_python(transport: Transport, url: str, owner: str) -> Told:
    steps: list[float] = []

    async def answer_sampling(
        context: Any, params: CreateMessageRequestParams
    ) -> CreateMessageResult:
        content = TextContent(type="text", text=f"{owner} says hello")
        return CreateMessageResult(role="assistant", content=content, model="none")

    async def note_step(progress: float, total: float | None, message: str | None) -> None:
        steps.append(progress)

    async with (
        _connect(transport, url) as (read, write),
        ClientSession(read, write, sampling_callback=answer_sampling) as session,
    ):
        opened = await session.initialize()
        simple = await session.call_tool("test_simple_text", {})
        await session.call_tool("test_tool_with_progress", {}, progress_callback=note_step)
        sampled = await session.call_tool("test_sampling", {"prompt": "Hello?"})
        failed = await session.call_tool("test_error_handling", {})
        tallies = [await _advance(session, owner, number) for number in range(CALLS)]
        await session.send_ping()
        return {
            "server": opened.server_info.name,
            "simple": _text(simple),
            "progress": steps,
            "sampled": _text(sampled),
            "failed": failed.is_error,
            "owners": [tally["owner"] for tally in tallies],
            "counts": [tally["count"] for tally in tallies],
        }


@asynccontextmanager
async def _connect(transport: Transport, url: str) -> AsyncIterator[tuple[Any, Any]]:
    opening = sse_client(url) if transport == "http-sse" else streamable_http_client(url)
    async with opening as (read, write):
        yield read, write


async def _advance(session: ClientSession, owner: str, number: int) -> Told:
    arguments = {"owner": owner, "nonce": str(number)}
    told: Told = json.loads(_text(await session.call_tool("advance", arguments)))
    return told


def _text(result: CallToolResult) -> str:
    content = result.content[0]
    assert isinstance(content, TextContent)
    return content.text


async def talk_in_typescript(tools: NodeTools, transport: Transport, url: str, owner: str) -> Told:
    script = PINNED_FOLDER / "conversation.mjs"
    command = [tools.node, script, transport, url, owner, str(CALLS)]
    environment = {FOLDER_VARIABLE: str(tools.folder)}
    async with talking("TypeScript client", command, environment) as client:
        return await asyncio.wait_for(client.hear(), 60)

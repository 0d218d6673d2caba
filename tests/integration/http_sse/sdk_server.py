"""A server on the official SDK that speaks streamable HTTP at /mcp and HTTP+SSE at /sse."""

import argparse
import asyncio
import warnings

import uvicorn
from mcp.server.mcpserver import Context, MCPServer
from pydantic import BaseModel
from starlette.applications import Starlette

from fakes.conformance_server.log_levels import connection_state
from fakes.listening import add_listening_arguments, open_listener


class Answer(BaseModel):
    """What the server asks its user."""

    colour: str


def make_server() -> MCPServer:
    """Tools that keep state by session, push messages, ask back, answer large and answer late."""
    server = MCPServer("http-sse-fixture")

    @server.tool()
    async def remember(word: str, ctx: Context) -> int:
        words = _words(ctx)
        words.append(word)
        return len(words)

    @server.tool()
    async def recall(ctx: Context) -> list[str]:
        return _words(ctx)

    @server.tool()
    async def count_up(ctx: Context, steps: int) -> str:
        for step in range(steps):
            await ctx.report_progress(step + 1, steps)
            await ctx.info(f"step {step + 1}")
        return "counted"

    @server.tool()
    async def ask_colour(ctx: Context) -> str:
        result = await ctx.elicit("Which colour?", Answer)
        return result.data.colour if result.action == "accept" else result.action

    @server.tool()
    async def say(size: int) -> str:
        return "x" * size

    @server.tool()
    async def wait(seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "waited"

    return server


def _words(ctx: Context) -> list[str]:
    words: list[str] = connection_state(ctx.session).setdefault("words", [])
    return words


def main() -> None:
    warnings.simplefilter("ignore")  # the SDK warns of what later versions drop
    parser = argparse.ArgumentParser(prog="integration.http_sse.sdk_server")
    add_listening_arguments(parser)
    arguments = parser.parse_args()
    server = make_server()
    newer, older = server.streamable_http_app(), server.sse_app()
    app = Starlette(routes=[*newer.routes, *older.routes], lifespan=newer.router.lifespan_context)
    config = uvicorn.Config(app, log_level="warning", ws="none", timeout_graceful_shutdown=0)
    uvicorn.Server(config).run(sockets=[open_listener(arguments)])


if __name__ == "__main__":
    main()

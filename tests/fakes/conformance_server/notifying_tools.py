"""Tools that speak while they run: log messages, progress, list changes, a closed stream."""

import asyncio

from mcp.server.mcpserver import Context, MCPServer
from mcp_types import LoggingLevel, TextContent

from fakes.conformance_server import log_levels, specimens
from fakes.conformance_server.eras import is_modern

STEP_SECONDS = 0.05
RECONNECT_SECONDS = 0.1


def add_notifying_tools(server: MCPServer) -> None:
    for tool in (
        test_tool_with_logging,
        test_logging_tool,
        test_tool_with_progress,
        test_trigger_tool_change,
        test_trigger_prompt_change,
        test_trigger_resource_update,
        test_reconnection,
    ):
        server.add_tool(tool, structured_output=False)


async def _log(ctx: Context, level: LoggingLevel, message: str) -> None:
    if log_levels.wants(ctx.session, level):
        await ctx.log(level, message)


async def test_tool_with_logging(ctx: Context) -> list[TextContent]:
    """Sends three log messages on the way."""
    await _log(ctx, "info", "Tool execution started")
    await asyncio.sleep(STEP_SECONDS)
    await _log(ctx, "info", "Tool processing data")
    await asyncio.sleep(STEP_SECONDS)
    await _log(ctx, "info", "Tool execution completed")
    return [specimens.text("Logged three messages")]


async def test_logging_tool(ctx: Context) -> list[TextContent]:
    """Sends one log message, which the modern era delivers only to requests that ask for it."""
    await _log(ctx, "info", "One message, if it was asked for")
    return [specimens.text("Logged one message")]


async def test_tool_with_progress(ctx: Context) -> list[TextContent]:
    """Reports 0, 50 and 100 of 100."""
    await ctx.report_progress(0, 100)
    await asyncio.sleep(STEP_SECONDS)
    await ctx.report_progress(50, 100)
    await asyncio.sleep(STEP_SECONDS)
    await ctx.report_progress(100, 100)
    # The TypeScript client forgets a progress that it reads together with the result.
    await asyncio.sleep(STEP_SECONDS)
    return [specimens.text("Progress reported")]


async def test_trigger_tool_change(ctx: Context) -> list[TextContent]:
    """Announces a changed tool list: to the session's stream, or to all listens (modern)."""
    if is_modern(ctx):
        await ctx.notify_tools_changed()
    else:
        await ctx.session.send_tool_list_changed()
    return [specimens.text("Announced a tool list change")]


async def test_trigger_prompt_change(ctx: Context) -> list[TextContent]:
    """Announces a changed prompt list."""
    if is_modern(ctx):
        await ctx.notify_prompts_changed()
    else:
        await ctx.session.send_prompt_list_changed()
    return [specimens.text("Announced a prompt list change")]


async def test_trigger_resource_update(ctx: Context, uri: str) -> list[TextContent]:
    """Announces an update of one resource."""
    if is_modern(ctx):
        await ctx.notify_resource_updated(uri)
    else:
        await ctx.session.send_resource_updated(uri)
    return [specimens.text(f"Announced an update of {uri}")]


async def test_reconnection(ctx: Context) -> list[TextContent]:
    """Closes its own stream in mid-call; the answer waits for the client's return (SEP-1699)."""
    await ctx.close_sse_stream()
    await asyncio.sleep(RECONNECT_SECONDS)
    return [specimens.text("Answered after the stream was closed")]

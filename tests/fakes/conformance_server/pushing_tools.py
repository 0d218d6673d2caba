"""Tools that send requests to the client in mid-call (legacy back channel)."""

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.session import ServerSession
from mcp_types import ElicitResult, SamplingMessage, TextContent

from fakes.conformance_server import asking_schemas, specimens
from fakes.conformance_server.asking_schemas import Form


def add_pushing_tools(server: MCPServer) -> None:
    for tool in (
        test_sampling,
        test_elicitation,
        test_elicitation_sep1034_defaults,
        test_elicitation_sep1330_enums,
    ):
        server.add_tool(tool, structured_output=False)


async def test_sampling(ctx: Context, prompt: str) -> list[TextContent]:
    """Asks the client's model."""
    question = SamplingMessage(role="user", content=specimens.text(prompt))
    result = await ctx.session.create_message(
        [question], max_tokens=100, related_request_id=ctx.request_id
    )
    words = result.content.text if isinstance(result.content, TextContent) else "(no text)"
    return [specimens.text(f"LLM response: {words}")]


async def test_elicitation(ctx: Context, message: str) -> list[TextContent]:
    """Asks the user for name and address."""
    return _told("User response:", await _elicit(ctx, message, asking_schemas.CONTACT))


async def test_elicitation_sep1034_defaults(ctx: Context) -> list[TextContent]:
    """Asks with a form that has defaults."""
    result = await _elicit(ctx, "Please check the defaults", asking_schemas.WITH_DEFAULTS)
    return _told("Elicitation completed:", result)


async def test_elicitation_sep1330_enums(ctx: Context) -> list[TextContent]:
    """Asks with a form that has every kind of choice."""
    result = await _elicit(ctx, "Please choose", asking_schemas.WITH_CHOICES)
    return _told("Elicitation completed:", result)


async def _elicit(ctx: Context, message: str, requested: Form) -> ElicitResult:
    session: ServerSession = ctx.session
    return await session.elicit_form(message, requested, related_request_id=ctx.request_id)


def _told(opening: str, result: ElicitResult) -> list[TextContent]:
    return [specimens.text(f"{opening} action={result.action}, content={result.content}")]

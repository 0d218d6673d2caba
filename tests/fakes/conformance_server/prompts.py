"""Prompts with text, arguments, an embedded resource, a picture, and one that asks first."""

from mcp.server.mcpserver import Context, MCPServer, UserMessage
from mcp_types import InputRequiredResult

from fakes.conformance_server import asking_schemas, specimens
from fakes.conformance_server.asking_tools import accepted_field, ask, elicitation


def add_prompts(server: MCPServer) -> None:
    for prompt in (
        test_simple_prompt,
        test_prompt_with_arguments,
        test_prompt_with_embedded_resource,
        test_prompt_with_image,
        test_input_required_result_prompt,
    ):
        server.prompt()(prompt)


def test_simple_prompt() -> list[UserMessage]:
    """One text."""
    return [UserMessage("This is a simple prompt for testing.")]


def test_prompt_with_arguments(arg1: str, arg2: str) -> list[UserMessage]:
    """One text with both arguments in it."""
    return [UserMessage(f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'")]


def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:
    """The named resource, and a text about it."""
    words = "Embedded resource content for testing."
    return [
        UserMessage(specimens.embedded(resourceUri, "text/plain", words)),
        UserMessage("Please process the embedded resource above."),
    ]


def test_prompt_with_image() -> list[UserMessage]:
    """A picture, and a text about it."""
    return [UserMessage(specimens.image()), UserMessage("Please analyze the image above.")]


async def test_input_required_result_prompt(
    ctx: Context,
) -> list[UserMessage] | InputRequiredResult:
    """Asks for its context first."""
    context = accepted_field(ctx, "user_context", "context")
    if context is None:
        form = asking_schemas.text_field("context")
        return ask(user_context=elicitation("What context should the prompt use?", form))
    return [UserMessage(f"Prompt in the context of {context}")]

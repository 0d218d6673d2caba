"""Resources, a template, subscriptions and completion."""

import json
from typing import Any

from mcp.server import ServerRequestContext
from mcp.server.mcpserver import MCPServer
from mcp_types import Completion, EmptyResult, SubscribeRequestParams, UnsubscribeRequestParams

from fakes.conformance_server.specimens import red_pixel_png


def add_resources(server: MCPServer) -> None:
    @server.resource("test://static-text", mime_type="text/plain")
    def static_text() -> str:
        """A text that never changes."""
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", mime_type="image/png")
    def static_binary() -> bytes:
        """A picture that never changes."""
        return red_pixel_png()

    @server.resource("test://watched-resource", mime_type="text/plain")
    def watched_resource() -> str:
        """A text that clients subscribe to."""
        return "Watched resource content"

    @server.resource("test://template/{id}/data", mime_type="application/json")
    def template_data(id: str) -> str:
        """A document for every id."""
        return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


def serve_subscriptions(server: MCPServer) -> None:
    # Legacy methods that 2026-07-28 replaced by listens; MCPServer has no door for them.
    handlers = server._lowlevel_server
    handlers.add_request_handler("resources/subscribe", SubscribeRequestParams, _accept)
    handlers.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, _accept)


async def _accept(
    ctx: ServerRequestContext[Any, Any],
    params: SubscribeRequestParams | UnsubscribeRequestParams,
) -> EmptyResult:
    return EmptyResult()


def serve_completion(server: MCPServer) -> None:
    words = ["paris", "park", "party", "test", "testing"]

    async def complete(ref: Any, argument: Any, context: Any) -> Completion:
        fitting = [word for word in words if word.startswith(argument.value)]
        return Completion(values=fitting, total=len(fitting), has_more=False)

    register: Any = server.completion  # the SDK left this one decorator without types
    register()(complete)

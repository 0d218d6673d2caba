"""Tools that answer with one kind of content each, and tools with unusual schemas."""

from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp_types import AudioContent, EmbeddedResource, ImageContent, TextContent
from pydantic import Field

from fakes.conformance_server import specimens

Content = TextContent | ImageContent | AudioContent | EmbeddedResource

FULL_VOCABULARY_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


def add_content_tools(server: MCPServer) -> None:
    for tool in (
        test_simple_text,
        test_image_content,
        test_audio_content,
        test_embedded_resource,
        test_multiple_content_types,
        test_error_handling,
        test_x_mcp_header,
    ):
        server.add_tool(tool, structured_output=False)


def full_vocabulary_tool() -> Tool:
    """The one tool whose schema cannot be derived from a Python signature (SEP-1613, SEP-2106)."""
    tool = Tool.from_function(json_schema_2020_12_tool, structured_output=False)
    return tool.model_copy(update={"parameters": FULL_VOCABULARY_SCHEMA})


def test_simple_text() -> list[Content]:
    """Answers with one text."""
    return [specimens.text("This is a simple text response for testing.")]


def test_image_content() -> list[Content]:
    """Answers with one picture."""
    return [specimens.image()]


def test_audio_content() -> list[Content]:
    """Answers with one sound."""
    return [specimens.audio()]


def test_embedded_resource() -> list[Content]:
    """Answers with one embedded resource."""
    words = "This is an embedded resource content."
    return [specimens.embedded("test://embedded-resource", "text/plain", words)]


def test_multiple_content_types() -> list[Content]:
    """Answers with a text, a picture and an embedded resource."""
    document = '{"test":"data","value":123}'
    return [
        specimens.text("Multiple content types test:"),
        specimens.image(),
        specimens.embedded("test://mixed-content-resource", "application/json", document),
    ]


def test_error_handling() -> list[Content]:
    """Always fails."""
    raise ToolError("This tool intentionally returns an error for testing")


def test_x_mcp_header(
    region: Annotated[
        str,
        Field(
            description="Mirrored in Mcp-Param-Region",
            json_schema_extra={"x-mcp-header": "Region"},
        ),
    ],
) -> list[Content]:
    """Has an argument that clients repeat in a header (SEP-2243)."""
    return [specimens.text(f"region={region}")]


def json_schema_2020_12_tool(name: str = "", email: str = "", phone: str = "") -> list[Content]:
    """Has a schema with the whole vocabulary of JSON Schema 2020-12."""
    return [specimens.text(f"name={name} email={email} phone={phone}")]

"""Headers that mirror tool arguments, compared with them."""

from typing import Any

import msgspec
import pytest

from moorage_sidecar.refusals import Refusal
from moorage_sidecar.sharing.param_headers import ListedTools
from moorage_wire.jsonrpc import read_message

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "count": {"type": "integer", "x-mcp-header": "Count"},
        "dry": {"type": "boolean", "x-mcp-header": "Dry"},
        "where": {
            "type": "object",
            "properties": {"zone": {"type": "string", "x-mcp-header": "Zone"}},
        },
        "free": {"type": "string"},
        "list": {"type": "array", "items": {"type": "string", "x-mcp-header": "Item"}},
        "ratio": {"type": "number", "x-mcp-header": "Ratio"},
    },
}


def listed(*tools: object) -> ListedTools:
    known = ListedTools()
    body = {"jsonrpc": "2.0", "id": 1, "result": {"tools": list(tools)}}
    known.learn(read_message(msgspec.json.encode(body)))
    return known


def check(
    arguments: object, *headers: tuple[str, str], name: str = "query", tools: Any = None
) -> None:
    params = {"name": name, "arguments": arguments}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    raw = [(header.encode(), value.encode()) for header, value in headers]
    known = tools or listed({"name": "query", "inputSchema": SCHEMA})
    known.check(read_message(msgspec.json.encode(body)), raw)


@pytest.mark.parametrize(
    ("arguments", "headers"),
    [
        ({}, []),
        ({"region": None, "free": "x"}, []),
        ({"region": "eu"}, [("Mcp-Param-Region", "eu")]),
        ({"region": "eu"}, [("mcp-param-REGION", "eu"), ("Mcp-Param-Unknown", "kept")]),
        ({"region": "Grüße"}, [("Mcp-Param-Region", "=?base64?R3LDvMOfZQ==?=")]),
        ({"count": 42}, [("Mcp-Param-Count", "42.0")]),
        ({"count": -7}, [("Mcp-Param-Count", "-7")]),
        ({"dry": True}, [("Mcp-Param-Dry", "true")]),
        ({"where": {"zone": "a"}}, [("Mcp-Param-Zone", "a")]),
        ({"list": ["x"], "ratio": 0.5}, []),
    ],
)
def test_what_says_the_same_passes(arguments: object, headers: list[tuple[str, str]]) -> None:
    check(arguments, *headers)


@pytest.mark.parametrize(
    ("arguments", "headers"),
    [
        ({"region": "eu"}, []),
        ({"region": "eu"}, [("Mcp-Param-Region", "EU")]),
        ({"region": "eu"}, [("Mcp-Param-Region", "eu"), ("Mcp-Param-Region", "eu")]),
        ({"region": "Hello"}, [("Mcp-Param-Region", "=?base64?SGVsbG8?=")]),
        ({"region": "Hello"}, [("Mcp-Param-Region", "=?base64?SGVs!!!bG8=?=")]),
        ({}, [("Mcp-Param-Region", "eu")]),
        ({"region": None}, [("Mcp-Param-Region", "null")]),
        ({"count": 42}, [("Mcp-Param-Count", "42.5")]),
        ({"count": 42}, [("Mcp-Param-Count", "4e1")]),
        ({"dry": False}, [("Mcp-Param-Dry", "False")]),
        ({"where": {"zone": "a"}}, [("Mcp-Param-Zone", "b")]),
        ("no object", [("Mcp-Param-Zone", "b")]),
    ],
)
def test_what_differs_is_refused(arguments: object, headers: list[tuple[str, str]]) -> None:
    with pytest.raises(Refusal) as refused:
        check(arguments, *headers)
    assert (refused.value.status, refused.value.code) == (400, -32020)


def test_a_tool_that_was_not_listed_is_not_judged() -> None:
    check({"region": "eu"}, ("Mcp-Param-Region", "us"), name="other")


def test_a_newer_listing_replaces_an_older_one() -> None:
    known = listed({"name": "query", "inputSchema": SCHEMA})
    body = {"jsonrpc": "2.0", "id": 1, "result": {"tools": [{"name": "query"}]}}
    known.learn(read_message(msgspec.json.encode(body)))
    check({"region": "eu"}, tools=known)


@pytest.mark.parametrize("result", [{}, {"tools": None}, {"tools": [{"inputSchema": {}}]}, None])
def test_a_listing_of_another_shape_teaches_nothing(result: object) -> None:
    known = ListedTools()
    known.learn(read_message(msgspec.json.encode({"jsonrpc": "2.0", "id": 1, "result": result})))
    check({"region": "eu"}, tools=known)


@pytest.mark.parametrize("name", ["", "has space", "line\nend", 5])
def test_an_annotation_that_is_no_header_name_is_ignored(name: object) -> None:
    schema = {"properties": {"region": {"type": "string", "x-mcp-header": name}}}
    check({"region": "eu"}, tools=listed({"name": "query", "inputSchema": schema}))

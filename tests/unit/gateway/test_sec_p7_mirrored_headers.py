"""Headers that mirror a modern request's body must equal it, or it is refused with -32020."""

import base64
import json

import pytest

from moorage_gateway.errors import MalformedRequest
from moorage_gateway.relaying.mirrors import check_mirrors
from moorage_wire.heads import HeadRefusal, read_head
from moorage_wire.jsonrpc import read_message

VERSION = "io.modelcontextprotocol/protocolVersion"
GOOD = {
    "MCP-Protocol-Version": "2026-07-28",
    "Mcp-Method": "tools/call",
    "Mcp-Name": "weather",
}


def outcome(
    headers: list[tuple[str, str]],
    method: str = "tools/call",
    version: object = "2026-07-28",
    **params: object,
) -> str:
    """`passes`, or the name of the refusal."""
    meta = {} if version is None else {VERSION: version}
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"_meta": meta, **params}}
    try:
        head = read_head([(name.encode(), value.encode("latin-1")) for name, value in headers])
        check_mirrors(head, read_message(json.dumps(body).encode()))
    except HeadRefusal as refusal:
        return refusal.reason
    except MalformedRequest as refusal:
        assert refusal.code == -32020
        return refusal.reason
    return "passes"


def but(**changed: str | None) -> list[tuple[str, str]]:
    """The good headers but for some."""
    headers = GOOD | {name.replace("_", "-"): value for name, value in changed.items()}
    return [(name, value) for name, value in headers.items() if value is not None]


def encoded(text: str) -> str:
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="


@pytest.mark.parametrize(
    "headers",
    [
        but(),
        but(Mcp_Name=encoded("weather")),
        [(name.lower(), value) for name, value in GOOD.items()],
        [(name.upper(), value) for name, value in GOOD.items()],
    ],
)
def test_what_mirrors_the_body_passes(headers: list[tuple[str, str]]) -> None:
    assert outcome(headers, name="weather") == "passes"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (but(Mcp_Name=None), "HeaderMismatch"),
        (but(Mcp_Name="Weather"), "HeaderMismatch"),
        (but(Mcp_Name="weathe"), "HeaderMismatch"),
        (but(Mcp_Name="weather2"), "HeaderMismatch"),
        (but(Mcp_Name=""), "HeaderMismatch"),
        (but(Mcp_Name='"weather"'), "HeaderMismatch"),
        (but(Mcp_Name="w\teather"), "HeaderMismatch"),
        (but(Mcp_Name=encoded("Weather")), "HeaderMismatch"),
        (but(Mcp_Name=encoded(" weather")), "HeaderMismatch"),
        (but(Mcp_Name=encoded("weather\0")), "HeaderMismatch"),
        (but(Mcp_Name="=?base64?d2VhdGhlcg?="), "BadEncodedName"),
        (but(Mcp_Name="=?base64?d2VhdGhlcg=?="), "BadEncodedName"),
        (but(Mcp_Name="=?base64?d2VhdGhlch==?="), "BadEncodedName"),
        (but(Mcp_Name="=?base64?d2Vh dGhlcg==?="), "BadEncodedName"),
        (but(Mcp_Name="=?base64?_____w==?="), "BadEncodedName"),
        (but(Mcp_Name="=?base64?/////w==?="), "BadEncodedName"),
        (but(Mcp_Name="=?Base64?d2VhdGhlcg==?="), "HeaderMismatch"),
        (but(Mcp_Name="=?utf-8?b?d2VhdGhlcg==?="), "HeaderMismatch"),
        (but(Mcp_Name="=?base64?d2VhdGhlcg=="), "HeaderMismatch"),
        (but(Mcp_Name="wéather"), "BadHeaderValue"),
        (but(Mcp_Method=None), "HeaderMismatch"),
        (but(Mcp_Method="tools/list"), "HeaderMismatch"),
        (but(Mcp_Method="Tools/call"), "HeaderMismatch"),
        (but(Mcp_Method="tools/call/"), "HeaderMismatch"),
        (but(Mcp_Method="tools%2fcall"), "HeaderMismatch"),
        (but(Mcp_Method="tools/call, tools/list"), "BadHeaderValue"),
        (but(Mcp_Method=""), "BadHeaderValue"),
        (but(MCP_Protocol_Version=None), "HeaderMismatch"),
        (but(MCP_Protocol_Version="2026-07-29"), "HeaderMismatch"),
        (but(MCP_Protocol_Version="2025-11-25"), "HeaderMismatch"),
        (but(MCP_Protocol_Version="2026-7-28"), "HeaderMismatch"),
        (but(MCP_Protocol_Version="2026-07-28;q=1"), "HeaderMismatch"),
        ([*but(), ("Mcp-Name", "weather")], "DuplicateHeader"),
        ([*but(), ("mcp-method", "tools/call")], "DuplicateHeader"),
        ([*but(), ("mcp-protocol-version", "2026-07-28")], "DuplicateHeader"),
        ([*but(), ("mcp_name", "weather")], "LookalikeHeader"),
        ([*but(), ("mcp_method", "tools/call")], "LookalikeHeader"),
        ([*but(), ("Connection", "mcp-name")], "ConnectionNamesEndToEnd"),
        ([*but(), ("Connection", "close, Mcp-Method")], "ConnectionNamesEndToEnd"),
    ],
)
def test_what_does_not_is_refused(headers: list[tuple[str, str]], reason: str) -> None:
    assert outcome(headers, name="weather") == reason


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("prompts/get", {"name": "weather"}),
        ("resources/read", {"uri": "weather"}),
        ("tasks/get", {"taskId": "weather"}),
        ("tasks/cancel", {"taskId": "weather"}),
    ],
)
def test_each_method_names_its_own(method: str, params: dict[str, object]) -> None:
    assert outcome(but(Mcp_Method=method), method, **params) == "passes"
    assert outcome(but(Mcp_Method=method, Mcp_Name="other"), method, **params) == "HeaderMismatch"


def test_a_method_that_names_nothing_needs_no_name() -> None:
    assert outcome(but(Mcp_Method="tools/list", Mcp_Name=None), "tools/list") == "passes"
    assert outcome(but(Mcp_Method="ping"), "ping") == "passes"

"""``Mcp-Param-*`` headers that mirror tool arguments must equal them (pure).

MCP 2026-07-28, ``transports/streamable-http`` (custom headers from tool parameters): a property of
a tool's ``inputSchema`` with ``x-mcp-header`` is mirrored into a header. A stdio server never sees
headers, so the bridge compares them, for every tool that it has seen listed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from moorage_contract.header_names import MCP_PARAM_PREFIX
from moorage_sidecar.refusals import HEADER_MISMATCH, BadRequest
from moorage_wire.head_refusal import HeadRefusal
from moorage_wire.header_values import decode_name
from moorage_wire.jsonrpc import Message

ANNOTATION: Final = "x-mcp-header"
MIRRORED_TYPES: Final = ("string", "integer", "boolean")
MAX_TOOLS: Final = 1000
MAX_SCHEMA_DEPTH: Final = 16
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_INTEGER: Final = re.compile(r"-?\d{1,20}(\.0+)?")


@dataclass(frozen=True)
class MirroredArgument:
    """One argument that a client must repeat in a header."""

    path: tuple[str, ...]
    """Keys that lead to it in ``params.arguments``."""
    header: bytes
    """Lower-case name of the header."""


class ListedTools:
    """The mirrored arguments of the tools that a server has listed."""

    def __init__(self) -> None:
        self._tools: dict[str, tuple[MirroredArgument, ...]] = {}

    def learn(self, answer: Message) -> None:
        """Read an answer to ``tools/list``; what is not of its shape teaches nothing."""
        try:
            tools = msgspec.json.decode(answer.encode(), type=_Answer).result.tools
        except msgspec.DecodeError:
            return
        for tool in tools:
            mirrored = tuple(_mirrored_arguments(tool.inputSchema, ()))
            self._tools.pop(tool.name, None)
            if mirrored and len(self._tools) < MAX_TOOLS:
                self._tools[tool.name] = mirrored

    def check(self, call: Message, raw_headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Raises ``BadRequest`` when a header of a listed tool differs from its argument."""
        mirrored = self._tools.get(call.string_param("name") or "")
        if not mirrored:
            return
        arguments = msgspec.json.decode((call.params or {}).get("arguments", b"{}"))
        headers = _param_headers(raw_headers)
        for argument in mirrored:
            _check_one(argument, _value_at(arguments, argument.path), headers)


class _Tool(msgspec.Struct):
    name: str
    inputSchema: dict[str, Any] = {}


class _Result(msgspec.Struct):
    tools: list[_Tool]


class _Answer(msgspec.Struct):
    result: _Result


def _mirrored_arguments(schema: object, path: tuple[str, ...]) -> Iterator[MirroredArgument]:
    """Annotations that are reached from the root by ``properties`` alone; others are not valid."""
    if not isinstance(schema, dict) or len(path) > MAX_SCHEMA_DEPTH:
        return
    name = schema.get(ANNOTATION)
    is_valid = isinstance(name, str) and _TOKEN.fullmatch(name) and path
    if is_valid and schema.get("type") in MIRRORED_TYPES:
        yield MirroredArgument(path, MCP_PARAM_PREFIX + str(name).lower().encode())
    properties = schema.get("properties")
    if isinstance(properties, dict):
        for key, inner in properties.items():
            yield from _mirrored_arguments(inner, (*path, key))


def _param_headers(raw_headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, list[bytes]]:
    headers: dict[bytes, list[bytes]] = {}
    for name, value in raw_headers:
        if name.lower().startswith(MCP_PARAM_PREFIX):
            headers.setdefault(name.lower(), []).append(value)
    return headers


def _check_one(
    argument: MirroredArgument, value: object, headers: Mapping[bytes, list[bytes]]
) -> None:
    sent = headers.get(argument.header, [])
    if value is None and not sent:
        return
    if value is None or len(sent) != 1 or not _mirrors(sent[0], value):
        raise BadRequest(
            "HeaderMismatch",
            f"header {argument.header.decode()} must be sent once and equal the argument "
            f"{'.'.join(argument.path)}",
            "list the tools again to see what is mirrored",
            code=HEADER_MISMATCH,
        )


def _mirrors(sent: bytes, value: object) -> bool:
    """Whether a header says the same as an argument; integers are compared as numbers."""
    try:
        text = decode_name(sent, "mcp-param")
    except (HeadRefusal, UnicodeDecodeError):
        return False
    if isinstance(value, bool):
        return text == ("true" if value else "false")
    if isinstance(value, int | float):
        return bool(_INTEGER.fullmatch(text)) and int(text.partition(".")[0]) == value
    return text == value


def _value_at(arguments: object, path: tuple[str, ...]) -> object:
    for key in path:
        arguments = arguments.get(key) if isinstance(arguments, dict) else None
    return arguments

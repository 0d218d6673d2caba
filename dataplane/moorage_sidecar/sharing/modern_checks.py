"""What a request of 2026-07-28 must say, and say twice alike (pure).

MCP 2026-07-28, ``basic/index`` (per-request fields) and ``transports/streamable-http`` (server
validation): the server behind the bridge never sees the headers, so the bridge is the server that
validates them against the body.
"""

from typing import Final

from moorage_sidecar.refusals import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    BadRequest,
    UnsupportedVersion,
)
from moorage_wire.eras import LEGACY_VERSIONS, MODERN_VERSIONS, Era, era_of
from moorage_wire.heads import RequestHead
from moorage_wire.jsonrpc import Message

VERSION_MEMBER: Final = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_MEMBER: Final = "io.modelcontextprotocol/clientCapabilities"
NAMED_BY: Final = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}


def is_modern(head: RequestHead, body: Message | tuple[Message, ...]) -> bool:
    """Whether a POST belongs to the modern era, by its header or else by its body.

    A version that nobody knows is answered as the modern era does, with the versions to choose
    from, unless a session id says that the client is in the middle of a legacy session.
    """
    if head.protocol_version in LEGACY_VERSIONS:
        return False
    if head.protocol_version is not None:
        return head.session_id is None or era_of(head.protocol_version) is Era.MODERN
    return isinstance(body, Message) and era_of(body.string_meta(VERSION_MEMBER)) is Era.MODERN


def check_modern(head: RequestHead, request: Message) -> None:
    """Raises ``BadRequest`` or ``UnsupportedVersion``, in the order in which SDK servers look."""
    meta = request.meta or {}
    for member in (VERSION_MEMBER, CAPABILITIES_MEMBER):
        if member not in meta:
            raise BadRequest(
                "MetaMissing",
                f"params._meta lacks {member!r}",
                "send it with every request of this version",
                code=INVALID_PARAMS,
            )
    version = request.string_meta(VERSION_MEMBER)
    if head.protocol_version is None or head.protocol_version != version:
        raise _mismatch("MCP-Protocol-Version", f"params._meta[{VERSION_MEMBER!r}]")
    if head.mcp_method != request.method:
        raise _mismatch("Mcp-Method", "method")
    _check_name(head, request)
    if version not in MODERN_VERSIONS:
        raise UnsupportedVersion(version, MODERN_VERSIONS)
    if request.method == "initialize":
        raise BadRequest(
            "MethodRemoved",
            f"{version} has no initialize",
            "send the request itself",
            status=404,
            code=METHOD_NOT_FOUND,
        )


def _check_name(head: RequestHead, request: Message) -> None:
    member = NAMED_BY.get(request.method or "")
    if member is None:
        return
    name = request.string_param(member)
    if name is not None and head.mcp_name != name:
        raise _mismatch("Mcp-Name", f"params.{member}")


def _mismatch(header: str, member: str) -> BadRequest:
    return BadRequest(
        "HeaderMismatch",
        f"header {header} is absent or differs from the body's {member}",
        "send exactly the body's value",
        code=HEADER_MISMATCH,
    )

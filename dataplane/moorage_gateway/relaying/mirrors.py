"""Headers that mirror the body of a modern request must equal it (pure).

The body is the truth; a mismatch is 400 -32020 (spec 2026-07-28, transports/streamable-http).
"""

from moorage_gateway.errors import MalformedRequest
from moorage_gateway.relaying.modern_capsules import name_of
from moorage_wire.heads import RequestHead
from moorage_wire.jsonrpc import Message

HEADER_MISMATCH_CODE = -32020
VERSION_MEMBER = "io.modelcontextprotocol/protocolVersion"
_NAMED = frozenset(
    ("tools/call", "prompts/get", "resources/read", "tasks/get", "tasks/update", "tasks/cancel")
)


def check_mirrors(head: RequestHead, message: Message) -> None:
    """Raises MalformedRequest naming the header that differs from the body."""
    version = message.string_meta(VERSION_MEMBER)
    if version is not None and version != head.protocol_version:
        raise _mismatch("MCP-Protocol-Version", f"params._meta[{VERSION_MEMBER!r}]")
    if head.mcp_method != message.method:
        raise _mismatch("Mcp-Method", "method")
    if message.method in _NAMED and head.mcp_name != name_of(message):
        raise _mismatch("Mcp-Name", "what params names")


def _mismatch(header: str, member: str) -> MalformedRequest:
    return MalformedRequest(
        f"header {header} is absent or differs from the body's {member}",
        reason="HeaderMismatch",
        remedy=f"send {header} with exactly the value of the body",
        code=HEADER_MISMATCH_CODE,
    )

"""Headers that mirror the body of a modern request must equal it (pure).

The body is the truth; a mismatch is 400 -32020 (spec 2026-07-28, transports/streamable-http).
"""

from base64 import b64encode

from moorage_gateway.errors import MalformedRequest
from moorage_gateway.relaying.modern_capsules import NAMING_MEMBERS, name_of
from moorage_wire.heads import RequestHead
from moorage_wire.jsonrpc import Message

HEADER_MISMATCH_CODE = -32020
VERSION_MEMBER = "io.modelcontextprotocol/protocolVersion"


def check_mirrors(head: RequestHead, message: Message) -> None:
    """Raises MalformedRequest naming the header that differs from the body."""
    version = message.string_meta(VERSION_MEMBER)
    if version is not None and version != head.protocol_version:
        raise _mismatch("MCP-Protocol-Version", f"params._meta[{VERSION_MEMBER!r}]")
    if head.mcp_method != message.method:
        raise _mismatch("Mcp-Method", "method")
    member = NAMING_MEMBERS.get(message.method or "")
    if member is not None and head.mcp_name != name_of(message):
        raise _mismatch("Mcp-Name", f"params.{member}")


def name_line(name: str) -> bytes:
    """The ``Mcp-Name`` header line of a name, in its base64 form where it is not plain text."""
    plain = name.isascii() and name.isprintable() and name == name.strip()
    if not plain or not name or name.startswith("=?base64?"):
        name = f"=?base64?{b64encode(name.encode()).decode()}?="
    return f"mcp-name: {name}\r\n".encode("ascii")


def _mismatch(header: str, member: str) -> MalformedRequest:
    return MalformedRequest(
        f"header {header} is absent or differs from the body's {member}",
        reason="HeaderMismatch",
        remedy=f"send {header} with exactly the value of the body",
        code=HEADER_MISMATCH_CODE,
    )

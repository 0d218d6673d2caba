"""The strict check of a request's head, and what of it goes to the endpoint.

Sources: RFC 9112 §5, §6 and §11 (framing, smuggling), RFC 9110 §7.6 (hop by hop), MCP streamable
HTTP.
"""

import msgspec

from moorage_wire.head_refusal import HeadRefusal
from moorage_wire.header_rules import (
    ACCEPT,
    AUTHORIZATION,
    CDN_LOOP,
    CONTENT_TYPE,
    EXPECT,
    HOST,
    LAST_EVENT_ID,
    MCP_METHOD,
    MCP_NAME,
    ORIGIN,
    PROTOCOL_VERSION,
    REQUEST_HEADERS,
    SESSION_ID,
    UPGRADE,
)
from moorage_wire.header_sorting import RawHeaders, Slots, sort_headers
from moorage_wire.header_values import decode_name, visible_text

_ASCII_ONLY = {
    HOST: "host",
    ORIGIN: "origin",
    CONTENT_TYPE: "content-type",
    ACCEPT: "accept",
    MCP_NAME: "mcp-name",
    LAST_EVENT_ID: "last-event-id",
    AUTHORIZATION: "authorization",
}


class RequestHead(msgspec.Struct, frozen=True, gc=False):
    """What a checked head says. ``None``: the client did not send that header."""

    host: bytes | None
    origin: bytes | None
    content_type: bytes | None
    accept: bytes | None
    """Several accept headers are joined with commas."""
    session_id: str | None
    protocol_version: str | None
    mcp_method: str | None
    mcp_name: str | None
    """Decoded from the ``=?base64?…?=`` form; may hold any character then."""
    last_event_id: bytes | None
    authorization: bytes | None
    expects_continue: bool
    forward: bytes
    """The header lines for the endpoint, each with its CRLF, names in lower case."""
    header_bytes: int
    """Size of all header lines as received."""
    offers_upgrade: bool = False
    """The client offered HTTP/2 in clear, which is ignored. The connection must end with the
    answer: parsers stop at the end of such a request, and bytes behind it may be lost."""
    cdn_loop: bytes | None = None
    """Whom it has passed through; several of these headers are joined with commas."""


def read_head(raw_headers: RawHeaders, *, max_header_bytes: int = 16_384) -> RequestHead:
    """Check a head as the HTTP parser gave it; raises HeadRefusal."""
    slots, forward, header_bytes, is_ascii = sort_headers(
        raw_headers, REQUEST_HEADERS, max_header_bytes
    )
    if not is_ascii:
        _refuse_opaque_octets(slots)
    if slots[EXPECT] is not None or slots[UPGRADE] is not None:
        _check_wishes(slots)
    session_id = slots[SESSION_ID]
    version = slots[PROTOCOL_VERSION]
    method = slots[MCP_METHOD]
    name = slots[MCP_NAME]
    return RequestHead(
        slots[HOST],
        slots[ORIGIN],
        slots[CONTENT_TYPE],
        slots[ACCEPT],
        None if session_id is None else visible_text(session_id, "mcp-session-id"),
        None if version is None else visible_text(version, "mcp-protocol-version"),
        None if method is None else visible_text(method, "mcp-method"),
        None if name is None else decode_name(name, "mcp-name"),
        slots[LAST_EVENT_ID],
        slots[AUTHORIZATION],
        slots[EXPECT] is not None,
        forward,
        header_bytes,
        slots[UPGRADE] is not None,
        slots[CDN_LOOP],
    )


def _check_wishes(slots: Slots) -> None:
    """What the client asks of this connection; raises HeadRefusal for what we do not do."""
    expect = slots[EXPECT]
    if expect is not None and expect.lower() != b"100-continue":
        raise HeadRefusal(
            "ExpectationFailed", "nothing but 100-continue can be expected: leave it out", "expect"
        )
    upgrade = slots[UPGRADE]
    # Java's HttpClient offers h2c by default; a server may ignore an offer (RFC 9110 §7.8).
    if upgrade is not None and upgrade.lower() != b"h2c":
        raise HeadRefusal(
            "UpgradeNotSupported", "only HTTP/1.1 is spoken here: leave upgrade out", "upgrade"
        )


def _refuse_opaque_octets(slots: Slots) -> None:
    """RFC 9110 §5.5 lets bytes over 0x7F pass, but not in what we act on."""
    for slot, header in _ASCII_ONLY.items():
        value = slots[slot]
        if value is not None and not value.isascii():
            raise HeadRefusal("BadHeaderValue", f"the value of {header} must be ASCII", header)

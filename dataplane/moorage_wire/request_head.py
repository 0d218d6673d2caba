"""The strict check of a request's head, and what of it goes to the endpoint.

One pass over the raw headers; everything rare is off the main path. What is refused and why:
RFC 9112 §5, §6 and §11 (framing, smuggling), RFC 9110 §7.6 (hop by hop), MCP streamable HTTP.
"""

import msgspec

from moorage_wire import header_rules as rules
from moorage_wire.head_refusal import HeadRefusal
from moorage_wire.header_rules import REQUEST_RULES, request_rule
from moorage_wire.header_values import (
    RawHeaders,
    check_framing,
    decode_name,
    listed_names,
    measured_octets,
    visible_text,
    without_named,
)

_PLAIN_CONNECTIONS = frozenset((None, b"keep-alive", b"close", b"Keep-Alive", b"Close"))
_END_TO_END = frozenset((b"accept", b"authorization", b"host", b"last-event-id", b"origin"))
_END_TO_END_PREFIXES = (b"content-", b"mcp-")
_ASCII_ONLY = {
    rules.HOST: "host",
    rules.ORIGIN: "origin",
    rules.CONTENT_TYPE: "content-type",
    rules.ACCEPT: "accept",
    rules.SESSION_ID: "mcp-session-id",
    rules.PROTOCOL_VERSION: "mcp-protocol-version",
    rules.MCP_METHOD: "mcp-method",
    rules.MCP_NAME: "mcp-name",
    rules.LAST_EVENT_ID: "last-event-id",
    rules.AUTHORIZATION: "authorization",
    rules.CONNECTION: "connection",
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


def read_head(raw_headers: RawHeaders, *, max_header_bytes: int = 16_384) -> RequestHead:
    """Check a head as the HTTP parser gave it; raises HeadRefusal."""
    octets, header_bytes = measured_octets(raw_headers, max_header_bytes)
    known_rule = REQUEST_RULES.get
    found: list[bytes | None] = [None] * rules.SLOTS
    lines: list[bytes] = []
    for name, value in raw_headers:
        slot, line_start = known_rule(name) or request_rule(name)
        if slot:
            first = found[slot]
            found[slot] = value if first is None else _again(slot, first, name, value, raw_headers)
        if line_start is not None:
            lines += (line_start, value, b"\r\n")
    _check_hop(found)
    if found[rules.CONNECTION] not in _PLAIN_CONNECTIONS:
        lines = without_named(lines, _connection_names(found))
    if not octets.isascii():
        _refuse_opaque_octets(found)
    return _head_of(found, b"".join(lines), header_bytes)


def _head_of(found: list[bytes | None], forward: bytes, header_bytes: int) -> RequestHead:
    session_id = found[rules.SESSION_ID]
    version = found[rules.PROTOCOL_VERSION]
    method = found[rules.MCP_METHOD]
    name = found[rules.MCP_NAME]
    return RequestHead(
        found[rules.HOST],
        found[rules.ORIGIN],
        found[rules.CONTENT_TYPE],
        found[rules.ACCEPT],
        None if session_id is None else visible_text(session_id, "mcp-session-id"),
        None if version is None else visible_text(version, "mcp-protocol-version"),
        None if method is None else visible_text(method, "mcp-method"),
        None if name is None else decode_name(name, "mcp-name"),
        found[rules.LAST_EVENT_ID],
        found[rules.AUTHORIZATION],
        found[rules.EXPECT] is not None,
        forward,
        header_bytes,
    )


def _again(slot: int, first: bytes, name: bytes, value: bytes, raw_headers: RawHeaders) -> bytes:
    """The value of a slot that is filled already; raises HeadRefusal where one is all there is."""
    if slot in (rules.ACCEPT, rules.CONNECTION):
        return first + b", " + value
    lower = name.lower()
    if slot == rules.MCP_PARAM and [n.lower() for n, _ in raw_headers].count(lower) == 1:
        return value
    raise HeadRefusal(
        "DuplicateHeader",
        f"{lower.decode()} was sent more than once: send it once",
        lower.decode(),
    )


def _check_hop(found: list[bytes | None]) -> None:
    """What concerns this connection alone: framing, expectations, upgrades, codings."""
    check_framing(found)
    expect = found[rules.EXPECT]
    if expect is not None and expect.lower() != b"100-continue":
        raise HeadRefusal(
            "ExpectationFailed", "only 100-continue can be expected: leave Expect out", "expect"
        )
    upgrade = found[rules.UPGRADE]
    # Java's HttpClient offers h2c by default; a server may ignore an offer (RFC 9110 §7.8).
    if upgrade is not None and upgrade.lower() != b"h2c":
        raise HeadRefusal(
            "UpgradeNotSupported",
            "this endpoint speaks HTTP/1.1 only: leave Upgrade out",
            "upgrade",
        )


def _connection_names(found: list[bytes | None]) -> set[bytes]:
    """The headers that Connection names; raises HeadRefusal for those that we rely on."""
    names = listed_names(found[rules.CONNECTION])
    for name in names:
        if name in _END_TO_END or name.startswith(_END_TO_END_PREFIXES):
            raise HeadRefusal(
                "ConnectionNamesEndToEnd",
                "connection names a header that is meant for the server behind this gateway: "
                "name hop-by-hop headers only",
                "connection",
            )
    return names


def _refuse_opaque_octets(found: list[bytes | None]) -> None:
    for slot, header in _ASCII_ONLY.items():
        value = found[slot]
        if value is not None and not value.isascii():
            raise HeadRefusal("BadHeaderValue", f"the value of {header} must be ASCII", header)

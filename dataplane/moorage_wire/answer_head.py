"""The strict check of an endpoint's answer head, and what of it goes to the client."""

import msgspec

from moorage_wire import header_rules as rules
from moorage_wire.head_refusal import HeadRefusal
from moorage_wire.header_rules import ANSWER_RULES, answer_rule
from moorage_wire.header_values import (
    RawHeaders,
    check_framing,
    listed_names,
    measured_octets,
    visible_text,
    without_named,
)

_PLAIN_CONNECTIONS = frozenset((None, b"keep-alive", b"close"))


class AnswerHead(msgspec.Struct, frozen=True, gc=False):
    """What a checked answer head says."""

    content_type: bytes | None
    session_id: str | None
    """The endpoint's own session id; it is not in ``forward``."""
    forward: bytes
    """The header lines for the client, each with its CRLF, names in lower case."""
    is_event_stream: bool


def read_answer_head(headers: RawHeaders, *, max_header_bytes: int = 65_536) -> AnswerHead:
    """Check an answer's head; raises HeadRefusal, whose status says nothing to the client here."""
    measured_octets(headers, max_header_bytes)
    known_rule = ANSWER_RULES.get
    found: list[bytes | None] = [None] * rules.SLOTS
    lines: list[bytes] = []
    for name, value in headers:
        slot, line_start = known_rule(name) or answer_rule(name)
        if slot:
            found[slot] = value if found[slot] is None else _again(slot, found[slot], name, value)
        if line_start is not None:
            lines += (line_start, value, b"\r\n")
    check_framing(found)
    if found[rules.CONNECTION] not in _PLAIN_CONNECTIONS:
        lines = without_named(lines, listed_names(found[rules.CONNECTION]))
    return _head_of(found, b"".join(lines))


def _head_of(found: list[bytes | None], forward: bytes) -> AnswerHead:
    content_type = found[rules.CONTENT_TYPE]
    session_id = found[rules.SESSION_ID]
    return AnswerHead(
        content_type,
        None if session_id is None else visible_text(session_id, "mcp-session-id"),
        forward,
        content_type is not None and is_event_stream(content_type),
    )


def is_event_stream(content_type: bytes) -> bool:
    """True for ``text/event-stream``, whatever its case and parameters."""
    return content_type.partition(b";")[0].strip(b" \t").lower() == b"text/event-stream"


def _again(slot: int, first: bytes | None, name: bytes, value: bytes) -> bytes:
    if slot == rules.CONNECTION:
        return (first or b"") + b", " + value
    header = name.decode("ascii").lower()
    raise HeadRefusal("DuplicateHeader", f"{header} was sent more than once", header)

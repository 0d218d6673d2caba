"""The strict check of an endpoint's answer head, and what of it goes to the client."""

import msgspec

from moorage_wire.header_rules import ANSWER_HEADERS, CONTENT_TYPE, SESSION_ID
from moorage_wire.header_sorting import RawHeaders, sort_headers
from moorage_wire.header_values import visible_text


class AnswerHead(msgspec.Struct, frozen=True, gc=False):
    """What a checked answer head says."""

    content_type: bytes | None
    session_id: str | None
    """The endpoint's own session id; it is not in ``forward``."""
    forward: bytes
    """The header lines for the client, each with its CRLF, names in lower case."""
    is_event_stream: bool


def read_answer_head(headers: RawHeaders, *, max_header_bytes: int = 65_536) -> AnswerHead:
    """Check an answer's head as the HTTP parser gave it; raises HeadRefusal.

    The refusal's status is meant for clients; for an endpoint's answer it says nothing.
    """
    slots, forward, _, _ = sort_headers(headers, ANSWER_HEADERS, max_header_bytes)
    content_type = slots[CONTENT_TYPE]
    session_id = slots[SESSION_ID]
    return AnswerHead(
        content_type,
        None if session_id is None else visible_text(session_id, "mcp-session-id"),
        forward,
        content_type is not None and _is_event_stream(content_type),
    )


def _is_event_stream(content_type: bytes) -> bool:
    return content_type.partition(b";")[0].strip(b" \t").lower() == b"text/event-stream"

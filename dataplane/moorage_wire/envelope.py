"""Which kind of message an envelope makes, and which ids it may have."""

import re
from typing import Final

from moorage_wire.malformed import not_a_message
from moorage_wire.message import Members, Message, MessageKind

_REQUEST: Final = MessageKind.REQUEST
_INTEGER = re.compile(rb"-?\d{1,19}")
_SURELY_64_BIT_DIGITS: Final = 18


def message_of(
    raw_id: bytes | None,
    method: str | None,
    params: Members | None,
    meta: Members | None,
    has_result: bool,
    has_error: bool,
    wire: bytes,
) -> Message:
    """The message that these members make. Raises ``MalformedMessage``."""
    if method is None:
        return _response(raw_id, has_result, has_error, wire)
    if has_result or has_error:
        raise not_a_message("AmbiguousKind", "a message has either a method or a result or error")
    if not method:
        raise not_a_message("BadMethod", "the method is an empty string", "method")
    if raw_id is None:
        return Message(MessageKind.NOTIFICATION, None, method, params, meta, wire)
    if not raw_id.isdigit() or len(raw_id) > _SURELY_64_BIT_DIGITS:
        _check_id(raw_id)
    return Message(_REQUEST, raw_id, method, params, meta, wire)


def _response(raw_id: bytes | None, has_result: bool, has_error: bool, wire: bytes) -> Message:
    if has_result and has_error:
        raise not_a_message("AmbiguousKind", "a response has either a result or an error")
    if not has_result and not has_error:
        raise not_a_message("NoKind", "a message has a method, a result or an error")
    if raw_id is None and has_result:
        raise not_a_message("BadId", "a result carries the id of its request", "id")
    if raw_id is not None and not (raw_id == b"null" and has_error):
        _check_id(raw_id)
    return Message(MessageKind.RESPONSE, raw_id, None, None, None, wire)


def _check_id(raw_id: bytes) -> None:
    """Strings and 64-bit integers, which all readers keep apart (JSON-RPC 2.0, 4)."""
    if raw_id.startswith(b'"'):
        return
    if not _INTEGER.fullmatch(raw_id) or not -(2**63) <= int(raw_id) < 2**63:
        raise not_a_message("BadId", "an id is a string or an integer of 64 bits", "id")

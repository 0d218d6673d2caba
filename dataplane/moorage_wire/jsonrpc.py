"""JSON-RPC messages in and out: what we checked is what the endpoint sees.

Sources: JSON-RPC 2.0; MCP ``basic/index`` and, for batches, 2025-03-26 ``basic``; threats P7 and
P8 (bodies that two parsers read differently).
"""

from typing import Final

import msgspec

from moorage_wire.json_document import check_document
from moorage_wire.malformed import (
    INVALID_REQUEST,
    PARSE_ERROR,
    MalformedMessage,
    not_a_message,
)
from moorage_wire.message import Message, MessageKind, encode, text_of
from moorage_wire.plain_reader import read_plainly
from moorage_wire.strict_reader import read_strictly

__all__ = [
    "INVALID_REQUEST",
    "MAX_BATCH_MESSAGES",
    "PARSE_ERROR",
    "MalformedMessage",
    "Message",
    "MessageKind",
    "error_response",
    "read_body",
    "read_message",
    "result_response",
    "text_of",
]

MAX_BATCH_MESSAGES: Final = 100


def read_body(body: bytes) -> Message | tuple[Message, ...]:
    """The message of a body, or its messages if it is a batch. Raises ``MalformedMessage``."""
    if body.startswith(b"{") or not body.lstrip(b" \t\r\n").startswith(b"["):
        return read_message(body)
    return _read_batch(body)


def read_message(body: bytes) -> Message:
    """The message of a body that is no batch. Raises ``MalformedMessage``."""
    return read_plainly(body) or read_strictly(body)


def _read_batch(body: bytes) -> tuple[Message, ...]:
    check_document(body)
    elements = msgspec.json.decode(body, type=list[msgspec.Raw])
    if not elements:
        raise not_a_message("EmptyBatch", "a batch holds at least one message")
    if len(elements) > MAX_BATCH_MESSAGES:
        raise not_a_message("BatchTooLong", f"a batch holds at most {MAX_BATCH_MESSAGES} messages")
    return tuple(_read_element(index, bytes(raw)) for index, raw in enumerate(elements))


def _read_element(index: int, body: bytes) -> Message:
    try:
        return read_message(body)
    except MalformedMessage as refusal:
        raise refusal.within(f"[{index}]") from None


def error_response(raw_id: bytes | None, code: int, message: str, data: object = None) -> bytes:
    """An error answer; ``raw_id`` is the id's raw JSON text, ``None`` where it is not known."""
    error: dict[str, object] = {"code": code, "message": message}
    if data is not None:
        error["data"] = data
    return encode({"jsonrpc": "2.0", "id": msgspec.Raw(raw_id or b"null"), "error": error})


def result_response(raw_id: bytes, result: object) -> bytes:
    """A result answer; ``result`` is what msgspec can encode, ``Raw`` parts are copied."""
    return encode({"jsonrpc": "2.0", "id": msgspec.Raw(raw_id), "result": result})

"""What a line of a server's stdout is: messages, a spoilt answer, or noise (pure)."""

import json
from dataclasses import dataclass
from typing import Final

import msgspec

from moorage_wire.jsonrpc import MalformedMessage, Message, read_body

READING_FAILED: Final = (
    "this bridge failed at the MCP server's output, which is a defect of the bridge (see its log),"
    " and ended the server"
)


@dataclass(frozen=True)
class SpoiltAnswer:
    """An answer whose request can be told, but which is not safe to relay."""

    raw_id: bytes
    why: str


@dataclass(frozen=True)
class Noise:
    """No message at all."""

    why: str


def read_server_line(line: bytes) -> tuple[Message, ...] | SpoiltAnswer | Noise:
    """The messages of a line; servers of 2025-03-26 may put several into a batch."""
    try:
        body = read_body(line)
    except MalformedMessage as error:
        raw_id = _id_of_answer(line)
        return Noise(str(error)) if raw_id is None else SpoiltAnswer(raw_id, str(error))
    return body if isinstance(body, tuple) else (body,)


def _id_of_answer(line: bytes) -> bytes | None:
    """The id of what is meant as an answer; a lax reader finds it in NaN and lone surrogates."""
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict) or "method" in answer or "id" not in answer:
        return None
    raw_id = answer["id"]
    if not isinstance(raw_id, int | str):
        return None
    try:
        return msgspec.json.encode(raw_id)
    except (UnicodeEncodeError, OverflowError):  # no client can have given such an id
        return None

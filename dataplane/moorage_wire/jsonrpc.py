"""JSON-RPC messages: what we checked is what the endpoint sees.

A message is read at the levels that the gateway decides on (envelope, ``params``, ``_meta``) and
kept as the bytes that were checked; values below are copied byte for byte. Sources: JSON-RPC
2.0; MCP ``basic/index``; threats P7 and P8 (a body that two parsers read differently).
"""

import enum
import re
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from moorage_wire.strict_json import (
    INVALID_REQUEST,
    PARSE_ERROR,
    MalformedMessage,
    check_document,
    check_names,
    looks_plain,
    not_a_message,
)

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

Members = dict[str, msgspec.Raw]

_decode_members = msgspec.json.Decoder(Members).decode
_decode_text = msgspec.json.Decoder(str).decode
_encode = msgspec.json.Encoder().encode


class MessageKind(enum.Enum):
    """The three shapes of JSON-RPC."""

    REQUEST = "request"
    NOTIFICATION = "notification"
    RESPONSE = "response"


class Message(msgspec.Struct, frozen=True, gc=False):
    """One checked message. ``wire`` is its only truth; the other fields are read from it.

    ``id`` is the raw JSON text as the sender wrote it, ``None`` when absent. ``params`` is
    ``None`` when absent or an array; ``meta`` are the members of ``params._meta``.
    """

    kind: MessageKind
    id: bytes | None
    method: str | None
    params: Members | None
    meta: Members | None
    wire: bytes

    @property
    def members(self) -> Members:
        """All members of the envelope, raw."""
        return _decode_members(self.wire)

    def encode(self) -> bytes:
        """The bytes to relay: exactly the checked ones."""
        return self.wire

    def with_id(self, raw_id: bytes) -> "Message":
        """The same message under another id (raw JSON text)."""
        members = self.members | {"id": msgspec.Raw(raw_id)}
        return msgspec.structs.replace(self, id=raw_id, wire=_encode(members))

    def with_param(self, name: str, raw: bytes) -> "Message":
        """The same message with one member of ``params`` replaced or added (raw JSON text)."""
        params = (self.params or {}) | {name: msgspec.Raw(raw)}
        members = self.members | {"params": msgspec.Raw(_encode(params))}
        meta = _members_or_none(raw) if name == "_meta" else self.meta
        return msgspec.structs.replace(self, params=params, meta=meta, wire=_encode(members))

    def string_param(self, name: str) -> str | None:
        """A member of ``params`` if it is there and a string."""
        return _string_member(self.params, name)

    def string_meta(self, name: str) -> str | None:
        """A member of ``params._meta`` if it is there and a string."""
        return _string_member(self.meta, name)


def _string_member(members: Mapping[str, bytes] | None, name: str) -> str | None:
    if members is None or name not in members:
        return None
    return text_of(members[name])


def _members_or_none(raw: bytes) -> Members | None:
    try:
        return _decode_members(raw)
    except msgspec.DecodeError:
        return None


def text_of(raw: bytes) -> str | None:
    """The string that a raw JSON value is, or ``None`` if it is no string."""
    try:
        return _decode_text(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


# ---- names ---------------------------------------------------------------------------------

_ENVELOPE_NAMES: Final = frozenset(("jsonrpc", "id", "method", "params", "result", "error"))
_PARAMS_NAMES: Final = frozenset(
    (
        "_meta", "arguments", "name", "uri", "cursor", "protocolVersion", "capabilities",
        "clientInfo", "level", "ref", "argument", "context", "requestId", "reason",
        "progressToken", "progress", "total", "message", "requestState", "inputResponses",
        "taskId", "task", "notifications", "logger", "data",
    )
)  # fmt: skip
_META_NAMES: Final = frozenset(
    (
        "progressToken", "traceparent", "tracestate", "baggage",
        "io.modelcontextprotocol/protocolVersion", "io.modelcontextprotocol/clientInfo",
        "io.modelcontextprotocol/clientCapabilities", "io.modelcontextprotocol/logLevel",
        "io.modelcontextprotocol/subscriptionId", "io.modelcontextprotocol/related-task",
    )
)  # fmt: skip


# ---- reading -------------------------------------------------------------------------------


class _Envelope(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """The envelope of an ordinary message, decoded in one pass with its ``params`` level."""

    jsonrpc: Literal["2.0"]
    id: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    method: str | msgspec.UnsetType = msgspec.UNSET
    params: Members | msgspec.UnsetType = msgspec.UNSET
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_decode_envelope = msgspec.json.Decoder(_Envelope).decode


def read_body(body: bytes) -> Message | tuple[Message, ...]:
    """The message of a body, or its messages if it is a batch. Raises ``MalformedMessage``."""
    if body.lstrip(b" \t\r\n")[:1] == b"[":
        return _read_batch(body)
    return read_message(body)


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
    except MalformedMessage as error:
        error.path = f"[{index}].{error.path}".rstrip(".")
        raise


def read_message(body: bytes) -> Message:
    """The message of a body that is no batch. Raises ``MalformedMessage``."""
    return _read_plainly(body) or _read_strictly(body)


def _read_plainly(body: bytes) -> Message | None:
    """The message of an ordinary body; ``None`` where only the strict reading can tell.

    Decoding drops white space, duplicates and needless escapes, all of which make a body longer
    than the compact text of what was decoded: equal lengths prove that there are none.
    """
    try:
        envelope = _decode_envelope(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if len(_encode(envelope)) != len(body) or not looks_plain(body):
        return None
    params = meta = None
    if envelope.params is not msgspec.UNSET:
        params = envelope.params
        if not _PARAMS_NAMES.issuperset(params):
            return None
        if "_meta" in params:
            meta = _plain_members(params["_meta"])
            if meta is None:
                return None
    return _message(envelope, params, meta, body)


def _plain_members(raw: msgspec.Raw) -> Members | None:
    try:
        members = _decode_members(raw)
    except msgspec.DecodeError:
        return None
    if len(_encode(members)) != len(raw) or not _META_NAMES.issuperset(members):
        return None
    return members


def _message(
    envelope: _Envelope, params: Members | None, meta: Members | None, wire: bytes
) -> Message:
    raw_id = None if envelope.id is msgspec.UNSET else bytes(envelope.id)
    if envelope.method is msgspec.UNSET:
        _check_response(envelope, raw_id)
        return Message(MessageKind.RESPONSE, raw_id, None, params, meta, wire)
    if envelope.result is not msgspec.UNSET or envelope.error is not msgspec.UNSET:
        raise not_a_message("BothRequestAndResponse", "a message has a method or a result")
    if not envelope.method:
        raise not_a_message("BadMethod", "the method is an empty string", "method")
    if raw_id is None:
        return Message(MessageKind.NOTIFICATION, None, envelope.method, params, meta, wire)
    _check_id(raw_id)
    return Message(MessageKind.REQUEST, raw_id, envelope.method, params, meta, wire)


def _check_response(envelope: _Envelope, raw_id: bytes | None) -> None:
    has_error = envelope.error is not msgspec.UNSET
    if (envelope.result is not msgspec.UNSET) == has_error:
        raise not_a_message("NoMessage", "neither a method nor exactly one of result and error")
    if envelope.params is not msgspec.UNSET:
        raise not_a_message("UnexpectedMember", "a response has no params", "params")
    if raw_id is None:
        raise not_a_message("BadId", "a response carries the id of its request", "id")
    if raw_id != b"null" or not has_error:
        _check_id(raw_id)


_INTEGER = re.compile(rb"-?\d{1,19}")
_MAX_ID: Final = 2**63


def _check_id(raw_id: bytes) -> None:
    if raw_id.isdigit() and len(raw_id) < 19:
        return
    if raw_id.startswith(b'"'):
        return
    if not _INTEGER.fullmatch(raw_id) or not -_MAX_ID <= int(raw_id) <= _MAX_ID:
        raise not_a_message("BadId", "an id is a string or an integer of 64 bits", "id")


def _read_strictly(body: bytes) -> Message:
    """The whole rule; names what is wrong, and compacts the levels that it read."""
    document = check_document(body)
    if not isinstance(document, tuple):
        raise not_a_message("NotAnObject", "a message is a JSON object")
    check_names(document, _ENVELOPE_NAMES, "")
    outline = dict(document)
    _check_types(outline)
    params_pairs = outline.get("params")
    members = _decode_members(body)
    params = meta = None
    if isinstance(params_pairs, tuple):
        params, meta = _strict_params(members["params"], params_pairs)
        members["params"] = msgspec.Raw(_encode(params))
    known = {name: raw for name, raw in members.items() if name in _ENVELOPE_NAMES}
    envelope = msgspec.convert(
        {"jsonrpc": "2.0"} | {n: r for n, r in known.items() if n in ("id", "result", "error")},
        _Envelope,
    )
    if "method" in outline:
        envelope.method = outline["method"]
    if params is not None:
        envelope.params = params
    return _message(envelope, params, meta, _encode(members))


def _check_types(outline: dict[str, Any]) -> None:
    if outline.get("jsonrpc") != "2.0":
        raise not_a_message("BadVersion", 'jsonrpc must be "2.0"', "jsonrpc")
    if "method" in outline and not isinstance(outline["method"], str):
        raise not_a_message("BadMethod", "the method is no string", "method")
    if "params" in outline and not isinstance(outline["params"], tuple | list):
        raise not_a_message("BadParams", "params is neither an object nor an array", "params")


def _strict_params(raw: bytes, pairs: Any) -> tuple[Members, Members | None]:
    check_names(pairs, _PARAMS_NAMES, "params.")
    params = _decode_members(raw)
    meta_pairs = dict(pairs).get("_meta")
    if not isinstance(meta_pairs, tuple):
        return params, None
    check_names(meta_pairs, _META_NAMES, "params._meta.")
    meta = _decode_members(params["_meta"])
    params["_meta"] = msgspec.Raw(_encode(meta))
    return params, meta


# ---- writing -------------------------------------------------------------------------------


def error_response(raw_id: bytes | None, code: int, message: str, data: object = None) -> bytes:
    """An error answer; ``raw_id`` is the id's raw JSON text, ``None`` where it is not known."""
    error: dict[str, object] = {"code": code, "message": message}
    if data is not None:
        error["data"] = data
    return _encode({"jsonrpc": "2.0", "id": msgspec.Raw(raw_id or b"null"), "error": error})


def result_response(raw_id: bytes, result: object) -> bytes:
    """A result answer; ``result`` is what msgspec can encode, ``Raw`` parts are copied."""
    return _encode({"jsonrpc": "2.0", "id": msgspec.Raw(raw_id), "result": result})

"""A JSON-RPC message: what we checked is what the endpoint sees.

It is read at the levels that the gateway decides on (envelope, ``params``, ``_meta``) and kept
as the bytes that were checked; values below are copied byte for byte. Sources: JSON-RPC 2.0;
MCP ``basic/index``.
"""

import enum
from typing import TypeAlias

import msgspec

from moorage_wire.malformed import not_a_message

Members: TypeAlias = dict[str, msgspec.Raw]

decode_members = msgspec.json.Decoder(Members).decode
encode = msgspec.json.Encoder().encode
_decode_text = msgspec.json.Decoder(str).decode


class MessageKind(enum.Enum):
    """The three shapes of JSON-RPC."""

    REQUEST = "request"
    NOTIFICATION = "notification"
    RESPONSE = "response"


class Message(msgspec.Struct, frozen=True, gc=False):
    """One checked message. ``wire`` is the truth, the other fields are read from it."""

    kind: MessageKind
    id: bytes | None
    """Raw JSON text of the id as its sender wrote it; ``None`` when absent."""
    method: str | None
    params: Members | None
    """Raw members of ``params``; ``None`` when absent, null or an array."""
    meta: Members | None
    """Raw members of ``params._meta``; ``None`` when it is absent or no object."""
    wire: bytes

    @property
    def members(self) -> Members:
        """Raw members of the envelope, read anew at each use."""
        return decode_members(self.wire)

    def encode(self) -> bytes:
        """The bytes to relay: exactly the checked ones."""
        return self.wire

    def with_id(self, raw_id: bytes) -> "Message":
        """The same request or response under another id (raw JSON text)."""
        members = self.members
        if "id" not in members:
            raise ValueError("a message without an id gets none: that would change its kind")
        members["id"] = msgspec.Raw(raw_id)
        return Message(self.kind, raw_id, self.method, self.params, self.meta, encode(members))

    def with_param(self, name: str, raw: bytes) -> "Message":
        """The same message with one member of ``params`` replaced or added (raw JSON text).

        Raises ``MalformedMessage`` (BadParams) where ``params`` is an array.
        """
        members = self.members
        if self.params is None and members.get("params", _NULL) != _NULL:
            raise not_a_message("BadParams", "params must be an object here", "params")
        params = {**(self.params or {}), name: msgspec.Raw(raw)}
        members["params"] = msgspec.Raw(encode(params))
        meta = _object_or_none(raw) if name == "_meta" else self.meta
        return Message(self.kind, self.id, self.method, params, meta, encode(members))

    def string_param(self, name: str) -> str | None:
        """A member of ``params`` if it is there and a string."""
        return _string_member(self.params, name)

    def string_meta(self, name: str) -> str | None:
        """A member of ``params._meta`` if it is there and a string."""
        return _string_member(self.meta, name)


_NULL = msgspec.Raw(b"null")


def _string_member(members: Members | None, name: str) -> str | None:
    if members is None or name not in members:
        return None
    return text_of(members[name])


def _object_or_none(raw: bytes) -> Members | None:
    try:
        return decode_members(raw)
    except msgspec.DecodeError:
        return None


def text_of(raw: bytes) -> str | None:
    """The string that a raw JSON value is, or ``None`` if it is no string."""
    try:
        return _decode_text(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None

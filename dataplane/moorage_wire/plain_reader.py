"""Reading ordinary messages at C speed; the rest is left to the strict reader.

Decoding drops white space, duplicate members and needless escapes, all of which make a text longer
than the compact form of what was decoded. Equal lengths therefore prove that there are none, and
the body itself may go out.
"""

from typing import Final, Literal

import msgspec

from moorage_wire.envelope import message_of
from moorage_wire.json_document import MAX_DEPTH, has_too_many_marks, looks_plain
from moorage_wire.member_names import META_NAMES, PARAMS_NAMES
from moorage_wire.message import Members, Message, decode_members, encode


class _Envelope(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Envelope and ``params`` level of an ordinary message, decoded in one pass."""

    jsonrpc: Literal["2.0"]
    id: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    method: str | msgspec.UnsetType = msgspec.UNSET
    params: Members | msgspec.UnsetType = msgspec.UNSET
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_UNSET: Final = msgspec.UNSET
_LARGE_BYTES: Final = 4096
_DEPTH_OF_ARGUMENTS: Final = 3


def read_plainly(body: bytes) -> Message | None:
    """The message of an ordinary body, ``None`` where only the strict reader can tell.

    Raises ``MalformedMessage`` where it is plain what is wrong.
    """
    if has_too_many_marks(body):
        return None
    try:
        envelope = _decode_envelope(body)
        if len(encode(envelope)) != len(body):
            return None
        body.decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not (looks_plain(body) if len(body) < _LARGE_BYTES else _has_plain_parts(envelope)):
        return None
    params = None if envelope.params is _UNSET else envelope.params
    meta = None
    if params is not None and not PARAMS_NAMES.covers(params):
        PARAMS_NAMES.check(list(params))
    if params is not None and "_meta" in params:
        meta = _plain_members(params["_meta"])
        if meta is None:
            return None
        if not META_NAMES.covers(meta):
            META_NAMES.check(list(meta))
    return message_of(
        None if envelope.id is _UNSET else bytes(envelope.id),
        None if envelope.method is _UNSET else envelope.method,
        params,
        meta,
        envelope.result is not _UNSET,
        envelope.error is not _UNSET,
        body,
    )


def _plain_members(raw: msgspec.Raw) -> Members | None:
    try:
        members = decode_members(raw)
    except msgspec.DecodeError:
        return None
    return members if len(encode(members)) == len(raw) else None


def _has_plain_parts(envelope: _Envelope) -> bool:
    """Large bodies are mostly one long string among the arguments: strings need no look."""
    params = {} if envelope.params is _UNSET else envelope.params
    parts = [envelope.result, envelope.error]
    for name, raw in params.items():
        arguments = _plain_members(raw) if name == "arguments" else None
        parts.extend([raw] if arguments is None else arguments.values())
    return all(_is_plain_part(raw) for raw in parts if raw is not _UNSET)


def _is_plain_part(raw: msgspec.Raw) -> bool:
    part = bytes(raw)
    return part.startswith(b'"') or looks_plain(part, max_depth=MAX_DEPTH - _DEPTH_OF_ARGUMENTS)

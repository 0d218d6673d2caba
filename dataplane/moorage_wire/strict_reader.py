"""Reading any message by the whole rule; it names what is wrong.

The levels that were read are written anew, compact, from the members that were checked.
"""

from typing import Any

import msgspec

from moorage_wire.envelope import message_of
from moorage_wire.json_document import check_document
from moorage_wire.malformed import not_a_message
from moorage_wire.member_names import ENVELOPE_NAMES, META_NAMES, PARAMS_NAMES, KnownNames
from moorage_wire.message import Members, Message, decode_members, encode


def read_strictly(body: bytes) -> Message:
    """The message of a body. Raises ``MalformedMessage``."""
    document = check_document(body)
    if not isinstance(document, tuple):
        raise not_a_message("NotAnObject", "a message is a JSON object")
    outline = _checked(document, ENVELOPE_NAMES)
    _check_types(outline)
    members = decode_members(body)
    params = meta = None
    if isinstance(outline.get("params"), tuple):
        params, meta = _params(outline["params"], members["params"])
        members["params"] = msgspec.Raw(encode(params))
    return message_of(
        bytes(members["id"]) if "id" in members else None,
        outline.get("method"),
        params,
        meta,
        "result" in members,
        "error" in members,
        encode(members),
    )


def _checked(pairs: tuple[tuple[str, Any], ...], names: KnownNames) -> dict[str, Any]:
    names.check([name for name, _ in pairs])
    return dict(pairs)


def _check_types(outline: dict[str, Any]) -> None:
    if outline.get("jsonrpc") != "2.0":
        raise not_a_message("BadVersion", 'jsonrpc must be "2.0"', "jsonrpc")
    if not isinstance(outline.get("method", ""), str):
        raise not_a_message("BadMethod", "the method is no string", "method")
    if not isinstance(outline.get("params"), tuple | list | None):
        raise not_a_message("BadParams", "params is neither an object nor an array", "params")


def _params(pairs: tuple[tuple[str, Any], ...], raw: msgspec.Raw) -> tuple[Members, Members | None]:
    outline = _checked(pairs, PARAMS_NAMES)
    params = decode_members(raw)
    if not isinstance(outline.get("_meta"), tuple):
        return params, None
    _checked(outline["_meta"], META_NAMES)
    meta = decode_members(params["_meta"])
    params["_meta"] = msgspec.Raw(encode(meta))
    return params, meta

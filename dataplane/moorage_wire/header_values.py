"""Reads header values that are text."""

import base64
import binascii

from moorage_wire.head_refusal import HeadRefusal

_ENCODED_START = b"=?base64?"
_ENCODED_END = b"?="


def visible_text(value: bytes, header: str) -> str:
    """The text of a value that must be visible ASCII without spaces; raises HeadRefusal.

    Control characters were refused with the whole head: what is left to look for is cheap.
    """
    try:
        text = value.decode("ascii")
    except UnicodeDecodeError:
        text = ""
    if not text or " " in text or "\t" in text:
        raise HeadRefusal(
            "BadHeaderValue",
            f"the value of {header} must be visible ASCII characters without spaces",
            header,
        )
    return text


def decode_name(value: bytes, header: str) -> str:
    """The name in an ASCII value that may have the form ``=?base64?…?=``; raises HeadRefusal.

    The form is that of MCP 2026-07-28, streamable HTTP. Only what an encoder writes is taken:
    padded, canonical base64 of UTF-8. What does not have the form stands for itself.
    """
    if not (value.startswith(_ENCODED_START) and value.endswith(_ENCODED_END)):
        return value.decode("ascii")
    encoded = value[len(_ENCODED_START) : -len(_ENCODED_END)]
    try:
        decoded = base64.b64decode(encoded, validate=True)
        if base64.b64encode(decoded) == encoded:
            return decoded.decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        pass
    raise HeadRefusal(
        "BadEncodedName",
        f"the value of {header} is not the canonical base64 of UTF-8 text in =?base64?…?=",
        header,
    )

"""Checks over header values that requests and answers share."""

import base64
import binascii
import re

from moorage_wire.head_refusal import HeadRefusal
from moorage_wire.header_rules import (
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    checked_name,
)

RawHeaders = tuple[tuple[bytes, bytes], ...] | list[tuple[bytes, bytes]]

MAX_HEADERS = 128
_LINE_OVERHEAD_BYTES = 4  # colon, space, CR, LF
_LENGTH_DIGITS = 15
_PLAIN_OCTETS = bytes((0x09, *range(0x20, 0x7F), *range(0x80, 0x100)))  # RFC 9110 §5.5
_VISIBLE = re.compile(rb"[!-~]+")
_ENCODED = re.compile(r"=\?base64\?(.*)\?=")


def measured_octets(raw_headers: RawHeaders, max_header_bytes: int) -> tuple[bytes, int]:
    """All names and values in a row, and the size of the lines they stood in.

    Raises HeadRefusal for too many, too large, and for control characters anywhere.
    """
    if len(raw_headers) > MAX_HEADERS:
        raise HeadRefusal("TooManyHeaders", f"more than {MAX_HEADERS} headers: send fewer")
    octets = b"".join(map(b"".join, raw_headers))
    header_bytes = len(octets) + len(raw_headers) * _LINE_OVERHEAD_BYTES
    if header_bytes > max_header_bytes:
        raise HeadRefusal(
            "HeaderTooLarge", f"headers over {max_header_bytes} bytes in all: send less"
        )
    if octets.translate(None, _PLAIN_OCTETS):
        _refuse_control_characters(raw_headers)
    return octets, header_bytes


def _refuse_control_characters(raw_headers: RawHeaders) -> None:
    for name, value in raw_headers:
        header = checked_name(name).decode()
        if b"\n" in value or b"\r" in value:
            raise HeadRefusal(
                "ObsoleteFolding",
                f"the value of {header} runs over a line end: send it on one line",
                header,
            )
        if value.translate(None, _PLAIN_OCTETS):
            raise HeadRefusal(
                "BadHeaderValue",
                f"the value of {header} holds a control character: send visible ASCII only",
                header,
            )


def check_framing(found: list[bytes | None]) -> None:
    """Length and codings of the body that follows; raises HeadRefusal. RFC 9112 §6."""
    length = found[CONTENT_LENGTH]
    if length is not None and not (length.isdigit() and len(length) <= _LENGTH_DIGITS):
        raise HeadRefusal(
            "SmuggledLength", "content-length is not a plain number of bytes", "content-length"
        )
    transfer = found[TRANSFER_ENCODING]
    if transfer is not None:
        if length is not None:
            raise HeadRefusal(
                "SmuggledLength",
                "content-length and transfer-encoding were both sent: send one of them",
                "content-length",
            )
        if transfer.lower() != b"chunked":
            raise HeadRefusal(
                "TransferEncodingNotAllowed",
                "the only transfer-encoding is chunked: send that, or content-length",
                "transfer-encoding",
            )
    coding = found[CONTENT_ENCODING]
    if coding is not None and coding.lower() != b"identity":
        raise HeadRefusal(
            "ContentEncodingNotSupported",
            "the body is compressed: send it as it is, without content-encoding",
            "content-encoding",
        )


def listed_names(value: bytes | None) -> set[bytes]:
    """The lower-case members of a comma-separated list."""
    return {part.strip(b" \t").lower() for part in (value or b"").split(b",")}


def without_named(lines: list[bytes], names: set[bytes]) -> list[bytes]:
    """Line parts (start, value, end) without those that Connection names (RFC 9110 §7.6.1)."""
    triples = zip(lines[::3], lines[1::3], lines[2::3], strict=True)
    return [part for line in triples if line[0][:-2] not in names for part in line]


def visible_text(value: bytes, header: str) -> str:
    """The text of a value that must be visible ASCII without spaces; raises HeadRefusal."""
    if not _VISIBLE.fullmatch(value):
        raise HeadRefusal(
            "BadHeaderValue",
            f"the value of {header} must be visible ASCII characters without spaces",
            header,
        )
    return value.decode("ascii")


def decode_name(value: bytes, header: str) -> str:
    """The name in a value that may be in the form ``=?base64?…?=``; raises HeadRefusal.

    The form is that of MCP 2026-07-28, streamable HTTP. Only what an encoder writes is taken:
    padded, canonical base64 of UTF-8. What does not have the form stands for itself.
    """
    text = value.decode("ascii")
    match = _ENCODED.fullmatch(text)
    if match is None:
        return text
    try:
        decoded = base64.b64decode(match[1], validate=True)
        if base64.b64encode(decoded).decode() == match[1]:
            return decoded.decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        pass
    raise HeadRefusal(
        "BadEncodedName",
        f"the value of {header} is not the canonical base64 of UTF-8 text in =?base64?…?=",
        header,
    )

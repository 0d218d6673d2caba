"""JSON that every reader behind us reads as we do.

Two forms of one rule (threat P8): ``looks_plain`` clears ordinary documents at C speed and is
never wrongly true; ``check_document`` is the whole rule and names what is wrong. A document that
the first does not clear is not bad, only not yet known.
"""

import json
import math
import re
from typing import Any, Final

import msgspec

from moorage_wire.malformed import MalformedMessage, not_json

MAX_DEPTH: Final = 64
MAX_NUMBER_DIGITS: Final = 4000
"""Below the 4,300 digits at which CPython's own readers refuse an integer."""

_BACKSLASH: Final = ord("\\")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


# A double overflows by an exponent of three digits, or by some 200 digits before a shorter one.
_SHAPE: Final = bytes.maketrans(b"123456789E[", b"000000000e{")
_LONG_EXPONENT: Final = b"0e000"
_LONG_RUN: Final = b"0" * 24


def looks_plain(document: bytes, *, max_depth: int = MAX_DEPTH) -> bool:
    """Whether valid JSON is flat enough and free of extreme numbers. Never wrongly true."""
    shape = document.translate(_SHAPE, b"+-")
    return (
        (shape.count(b"{") <= max_depth or not _is_deep(document, max_depth))
        and (shape.rfind(_LONG_EXPONENT) < 0 or not _SUSPECT_EXPONENT.search(b" " + document))
        and (shape.find(_LONG_RUN) < 0 or not _SUSPECT_RUN.search(document))
    )


def check_document(body: bytes) -> Any:
    """The document of a body: objects as tuples of pairs, arrays as lists.

    Raises ``MalformedMessage``: ByteOrderMark, NotUtf8, TooDeep, NumberOutOfRange, NotJson,
    LoneSurrogate.
    """
    text = _text(body)
    if _is_deep(body, MAX_DEPTH):
        raise not_json("TooDeep", f"arrays and objects may nest {MAX_DEPTH} deep")
    _check_numbers(body)
    document = _parsed(text)
    _check_with_second_reader(body)
    return document


# ---- text ----------------------------------------------------------------------------------


def _text(body: bytes) -> str:
    if body.startswith(_BYTE_ORDER_MARK):
        raise not_json("ByteOrderMark", "send JSON without a byte order mark (RFC 8259, 8.1)")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise not_json("NotUtf8", f"byte {error.start} is not UTF-8, which JSON is") from None


def _refuse_constant(constant: str) -> None:
    raise not_json("NotJson", f"{constant} is no JSON number")


_parse = json.JSONDecoder(object_pairs_hook=tuple, parse_constant=_refuse_constant).decode


def _parsed(text: str) -> Any:
    try:
        return _parse(text)
    except MalformedMessage:
        raise
    except (ValueError, RecursionError) as error:
        raise not_json("NotJson", f"{error}") from None


_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")


def _check_with_second_reader(body: bytes) -> None:
    """Refuse what only one of two readers accepts: msgspec refuses halves of surrogate pairs."""
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except msgspec.DecodeError as error:
        if _SURROGATE_ESCAPE.search(body):
            raise not_json("LoneSurrogate", "an escape is half of a surrogate pair") from None
        raise not_json("NotJson", f"{error}") from None


# ---- depth ---------------------------------------------------------------------------------

_ALL_BUT_MARKS: Final = bytes(byte for byte in range(256) if byte not in b'[{]}"')
_ONE_KIND: Final = bytes.maketrans(b"{}", b"[]")


def _is_deep(document: bytes, max_depth: int) -> bool:
    """Whether valid JSON nests deeper: each round takes away the innermost level everywhere."""
    brackets = _brackets(document)
    for _ in range(max_depth):
        if b"[]" not in brackets:
            return False
        brackets = brackets.replace(b"[]", b"")
    return b"[]" in brackets


def _brackets(document: bytes) -> bytes:
    """The brackets of a document, all of one kind, in order, without those inside strings."""
    marks = _without_escapes(document).translate(_ONE_KIND, _ALL_BUT_MARKS)
    # Two quotes with nothing between them change nothing for the rest, whatever they enclose.
    return b"".join(marks.replace(b'""', b"").split(b'"')[::2])


def _without_escapes(document: bytes) -> bytes:
    if _BACKSLASH not in document:
        return document
    return document.replace(b"\\\\", b"").replace(b'\\"', b"")


# ---- numbers -------------------------------------------------------------------------------

_SUSPECT_EXPONENT = re.compile(rb"[\[:,\s]-?\d++(?:\.\d++)?[eE][+-]?\d{3}")
_SUSPECT_RUN = re.compile(rb"(?<!\d)\d{200}")
_SUSPECT_NUMBER = re.compile(
    rb"(?<![\d.])\d++(?:\.\d++)?[eE][+-]?\d{3,}+|(?<!\d)\d{200,}+[\d.eE+-]*+"
)


def _check_numbers(document: bytes) -> None:
    if looks_plain(document, max_depth=len(document)):
        return
    outside_of_strings = b'"'.join(_without_escapes(document).split(b'"')[::2])
    for found in _SUSPECT_NUMBER.finditer(outside_of_strings):
        if _is_out_of_range(found.group()):
            raise not_json(
                "NumberOutOfRange",
                f"a number is beyond a double or longer than {MAX_NUMBER_DIGITS} digits",
            )


def _is_out_of_range(number: bytes) -> bool:
    if len(number) > MAX_NUMBER_DIGITS:
        return True
    if number.isdigit():
        return False
    try:
        return math.isinf(float(number))
    except ValueError:
        return False  # no number at all, which the parser says better

"""JSON that every reader behind us reads as we do.

Two forms of one rule (threat P8): ``looks_plain`` clears ordinary documents at C speed and is
never wrongly true; ``check_document`` is the whole rule and names what is wrong. A document that
the first does not clear is not bad, only not yet known.
"""

import itertools
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


def looks_plain(document: bytes, *, max_depth: int = MAX_DEPTH) -> bool:
    """Whether valid JSON is flat enough and free of extreme numbers. Never wrongly true."""
    if document.count(b"{") + document.count(b"[") > max_depth and not _is_flat(
        document, max_depth
    ):
        return False
    return _has_plain_numbers(document)


def check_document(body: bytes) -> Any:
    """The document of a body: objects as tuples of pairs, arrays as lists.

    Raises ``MalformedMessage``: ByteOrderMark, NotUtf8, TooDeep, NumberOutOfRange, NotJson,
    LoneSurrogate.
    """
    text = _text(body)
    if not _is_flat(body, MAX_DEPTH):
        raise not_json("TooDeep", f"arrays and objects may nest {MAX_DEPTH} deep")
    if not _has_plain_numbers(body):
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


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=tuple, parse_constant=_refuse_constant)
    except MalformedMessage:
        raise
    except (ValueError, RecursionError) as error:
        raise not_json("NotJson", f"{error}") from None


def _refuse_constant(constant: str) -> None:
    raise not_json("NotJson", f"{constant} is no JSON number")


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

_MARKS: Final = b'[{]}"'
_ALL_BUT_MARKS: Final = bytes(byte for byte in range(256) if byte not in _MARKS)
_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")


def _is_flat(document: bytes, max_depth: int) -> bool:
    steps = memoryview(_brackets(document).translate(_STEPS)).cast("b")
    return max(itertools.accumulate(steps), default=0) <= max_depth


def _brackets(document: bytes) -> bytes:
    """The brackets of a document, in order, without those inside its strings."""
    marks = _without_escapes(document).translate(None, _ALL_BUT_MARKS)
    # Two quotes with nothing between them change nothing for the rest, whatever they enclose.
    return b"".join(marks.replace(b'""', b"").split(b'"')[::2])


def _without_escapes(document: bytes) -> bytes:
    if _BACKSLASH not in document:
        return document
    return document.replace(b"\\\\", b"").replace(b'\\"', b"")


# ---- numbers -------------------------------------------------------------------------------

# A double overflows by an exponent of three digits, or by some 200 digits before a shorter one.
_MANY_DIGITS: Final = b"0" * 24
_SHAPE: Final = bytes.maketrans(b"123456789E", b"000000000e")
_SUSPECT_EXPONENT = re.compile(rb"\d[eE][+-]?\d{3}")
_SUSPECT_RUN = re.compile(rb"(?<!\d)\d{200}")
_SUSPECT_NUMBER = re.compile(
    rb"(?<![\d.])\d++(?:\.\d++)?[eE][+-]?\d{3,}+|(?<!\d)\d{200,}+[\d.eE+-]*+"
)


def _has_plain_numbers(document: bytes) -> bool:
    shape = document.translate(_SHAPE, b"+-")
    if shape.find(b"e000") >= 0 and _SUSPECT_EXPONENT.search(document):
        return False
    return shape.find(_MANY_DIGITS) < 0 or not _SUSPECT_RUN.search(document)


def _check_numbers(document: bytes) -> None:
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

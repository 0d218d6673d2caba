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
MAX_NUMBER_DIGITS: Final = 1000
"""Reading an integer takes time in the square of its digits."""
MAX_MARKS: Final = 250_000
"""Commas, colons and opening brackets of one body: what bounds the time that reading it takes."""
_SURELY_FEW_BYTES: Final = MAX_MARKS
MAX_SUSPECTS: Final = 1000
"""Numbers near the end of a double's range in one body; each costs a slow look."""

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


def has_too_many_marks(document: bytes) -> bool:
    """Whether reading a document would take so long that other callers notice."""
    if len(document) <= _SURELY_FEW_BYTES:
        return False
    return sum(map(document.count, (b",", b":", b"[", b"{"))) > MAX_MARKS


def check_document(body: bytes) -> Any:
    """The document of a body: objects as tuples of pairs, arrays as lists.

    Raises ``MalformedMessage``: TooManyValues, ByteOrderMark, NotUtf8, TooDeep, NumberOutOfRange,
    TooManyExtremeNumbers, NotJson, LoneSurrogate.
    """
    if has_too_many_marks(body):
        raise not_json("TooManyValues", f"a body has at most {MAX_MARKS} commas, colons, brackets")
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
_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")


def _is_deep(document: bytes, max_depth: int) -> bool:
    """Whether brackets outside of strings nest deeper."""
    marks = _without_escapes(document).translate(None, _ALL_BUT_MARKS)
    # Two quotes with nothing between them change nothing for the rest, whatever they enclose.
    brackets = b"".join(marks.replace(b'""', b"").split(b'"')[::2])
    steps = memoryview(brackets.translate(_STEPS)).cast("b")
    return max(itertools.accumulate(steps), default=0) > max_depth


def _without_escapes(document: bytes) -> bytes:
    if _BACKSLASH not in document:
        return document
    return document.replace(b"\\\\", b"").replace(b'\\"', b"")


# ---- numbers -------------------------------------------------------------------------------

_SUSPECT_EXPONENT = re.compile(rb"[\[:,\s]-?\d++(?:\.\d++)?[eE]\+?\d{3}")
_SUSPECT_RUN = re.compile(rb"(?<!\d)\d{200}")
_TOO_MANY_DIGITS = re.compile(rb"(?<!\d)\d{%d}" % (MAX_NUMBER_DIGITS + 1))
_SUSPECT_FLOAT = re.compile(
    rb"(?<![\d.])\d++(?:\.\d++)?[eE]\+?\d{3}\d*+|(?<!\d)\d{200}\d*+(?=[.eE])[\d.eE+-]*+"
)


def _check_numbers(document: bytes) -> None:
    if looks_plain(document, max_depth=len(document)):
        return
    outside_of_strings = b'"'.join(_without_escapes(document).split(b'"')[::2])
    if _TOO_MANY_DIGITS.search(outside_of_strings):
        raise not_json("NumberOutOfRange", f"a number has over {MAX_NUMBER_DIGITS} digits")
    suspects = list(itertools.islice(_SUSPECT_FLOAT.finditer(outside_of_strings), MAX_SUSPECTS + 1))
    if len(suspects) > MAX_SUSPECTS:
        raise not_json(
            "TooManyExtremeNumbers", f"over {MAX_SUSPECTS} numbers have exponents from 100 on"
        )
    if any(_is_infinite(found.group()) for found in suspects):
        raise not_json("NumberOutOfRange", "a number is beyond the range of a double")


def _is_infinite(number: bytes) -> bool:
    try:
        return math.isinf(float(number))
    except ValueError:
        return False  # no number at all, which the parser says better

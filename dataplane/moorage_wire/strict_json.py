"""What makes a body safe to relay: every JSON reader behind us reads what we read.

Two readings of one rule (threat P8: bodies that parsers understand differently):
``looks_plain`` is a screen at C speed that clears ordinary bodies, ``check_document`` is the whole
rule and names what is wrong. A body that the screen does not clear is not bad, only unclear.
"""

import itertools
import json
import math
import re
import unicodedata
from typing import Any, Final

import msgspec

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600

MAX_DEPTH: Final = 64
MAX_NUMBER_DIGITS: Final = 4000
"""Below the 4,300 digits at which CPython's own readers refuse an integer."""


class MalformedMessage(ValueError):
    """A body that is not relayed; ``reason`` is its named refusal, ``path`` where it is.

    ``code`` is the JSON-RPC code to answer with: -32700 (not JSON as RFC 8259 and RFC 7493 want
    it) or -32600 (JSON, but no message).
    """

    def __init__(self, reason: str, explanation: str, *, path: str = "", code: int) -> None:
        where = f" at {path}" if path else ""
        super().__init__(f"{reason}{where}: {explanation}")
        self.reason = reason
        self.path = path
        self.code = code


def not_json(reason: str, explanation: str, path: str = "") -> MalformedMessage:
    return MalformedMessage(reason, explanation, path=path, code=PARSE_ERROR)


def not_a_message(reason: str, explanation: str, path: str = "") -> MalformedMessage:
    return MalformedMessage(reason, explanation, path=path, code=INVALID_REQUEST)


# A double overflows by an exponent of three digits or by some 200 digits before it.
_MANY_DIGITS: Final = 200
_DIGIT_RUN: Final = b"0" * _MANY_DIGITS
_DIGITS_TO_ZERO: Final = bytes.maketrans(b"123456789E", b"000000000e")
_SUSPECT_EXPONENT = re.compile(rb"\d[eE][+-]?\d{3}")
_SUSPECT_NUMBER = re.compile(rb"(?<![\d.])\d++(?:\.\d++)?[eE][+-]?\d{3,}+|\d{200,}+[\d.eE+-]*+")


def looks_plain(body: bytes) -> bool:
    """Whether a body is plainly UTF-8, flat and free of extreme numbers. Never wrongly true."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return body.count(b"{") + body.count(b"[") <= MAX_DEPTH and _has_plain_numbers(body)


def _has_plain_numbers(body: bytes) -> bool:
    zeroed = body.translate(_DIGITS_TO_ZERO, b"+-")
    if zeroed.find(b"e000") >= 0 and _SUSPECT_EXPONENT.search(body):
        return False
    return zeroed.find(_DIGIT_RUN) < 0


def check_document(body: bytes) -> Any:
    """The document of a body: objects as tuples of pairs, arrays as lists.

    Raises ``MalformedMessage``: ByteOrderMark, NotUtf8, TooDeep, NumberOutOfRange, NotJson,
    LoneSurrogate.
    """
    text = _text(body)
    outside = _outside_of_strings(body)
    _check_depth(outside)
    _check_numbers(outside)
    document = _parse(text)
    _check_with_second_reader(body)
    return document


def _text(body: bytes) -> str:
    if body.startswith(b"\xef\xbb\xbf"):
        raise not_json("ByteOrderMark", "send JSON without a byte order mark (RFC 8259, 8.1)")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise not_json("NotUtf8", f"byte {error.start} is not UTF-8; JSON is UTF-8") from None


def _outside_of_strings(body: bytes) -> bytes:
    without_escapes = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b'"'.join(without_escapes.split(b'"')[::2])


_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_NO_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b"[{]}")


def _check_depth(outside: bytes) -> None:
    steps = memoryview(outside.translate(_STEPS, _NO_BRACKETS)).cast("b")
    if max(itertools.accumulate(steps), default=0) > MAX_DEPTH:
        raise not_json("TooDeep", f"arrays and objects may nest {MAX_DEPTH} deep")


def _check_numbers(outside: bytes) -> None:
    for found in _SUSPECT_NUMBER.finditer(outside):
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
        return False  # no number at all: the parser says so better


def _parse(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=tuple, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        if isinstance(error, MalformedMessage):
            raise
        raise not_json("NotJson", f"{error}") from None


def _refuse_constant(constant: str) -> None:
    raise not_json("NotJson", f"{constant} is no JSON number")


def _check_with_second_reader(body: bytes) -> None:
    """What only one of two readers accepts is not relayed; msgspec refuses lone surrogates."""
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except msgspec.DecodeError as error:
        if re.search(rb"\\u[dD][89a-fA-F]", body):
            raise not_json("LoneSurrogate", "a \\u escape is half of a surrogate pair") from None
        raise not_json("NotJson", f"{error}") from None


def check_names(members: Any, known: frozenset[str], path: str) -> None:
    """Refuse member names that another reader could take for a different member.

    ``members`` are the pairs of one object. Raises ``MalformedMessage``: DuplicateMember,
    CaseTwin (a name that folds onto a known one), NulInName.
    """
    seen: set[str] = set()
    for name, _ in members:
        if name in seen:
            raise not_json("DuplicateMember", "each member may appear once", path + name)
        seen.add(name)
        if name not in known:
            _check_unknown_name(name, known, path)


def _check_unknown_name(name: str, known: frozenset[str], path: str) -> None:
    if "\0" in name:
        raise not_json("NulInName", "a member name holds U+0000", path + name.replace("\0", "\\0"))
    twin = folded(name)
    if twin in folded_names(known):
        raise not_a_message("CaseTwin", "the name differs from a known one in case", path + name)


def folded(name: str) -> str:
    """A name as the laxest reader compares it: compatibility forms and case are gone."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


_folded_names: dict[frozenset[str], frozenset[str]] = {}


def folded_names(known: frozenset[str]) -> frozenset[str]:
    """The folded forms of one of the few sets of known names; each set is folded once."""
    if known not in _folded_names:
        _folded_names[known] = frozenset(map(folded, known))
    return _folded_names[known]

"""One pass over raw headers: what is read goes into slots, what is forwarded into lines.

The same for requests and answers; their rules differ (``header_rules.py``).
"""

from moorage_contract import header_names
from moorage_wire.head_refusal import HeadRefusal
from moorage_wire.header_rules import (
    ACCEPT,
    CDN_LOOP,
    CONNECTION,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    MCP_PARAM,
    SLOTS,
    TRANSFER_ENCODING,
    HeaderRules,
    hyphenated,
)

RawHeaders = tuple[tuple[bytes, bytes], ...] | list[tuple[bytes, bytes]]
Slots = list[bytes | None]

MAX_HEADERS = 128

_LINE_OVERHEAD_BYTES = 4  # colon, space, CR, LF
LENGTH_DIGITS = 15
_PLAIN_OCTETS = bytes((0x09, *range(0x20, 0x7F), *range(0x80, 0x100)))  # RFC 9110 §5.5
_PLAIN_CONNECTIONS = frozenset((None, b"keep-alive", b"close", b"Keep-Alive", b"Close"))
_END_TO_END = frozenset(
    (b"accept", b"authorization", header_names.CDN_LOOP, b"host", b"last-event-id", b"origin")
)
_LISTS = frozenset((ACCEPT, CDN_LOOP, CONNECTION))  # RFC 9110 §5.3
_END_TO_END_PREFIXES = (b"content-", b"mcp-")


def sort_headers(
    raw_headers: RawHeaders, rules: HeaderRules, max_header_bytes: int
) -> tuple[Slots, bytes, int, bool]:
    """Check and sort headers as the HTTP parser gave them; raises HeadRefusal.

    Gives the values by slot number, the lines to forward, the size of all lines as received, and
    whether all of them were ASCII.
    """
    if len(raw_headers) > MAX_HEADERS:
        raise HeadRefusal("TooManyHeaders", f"more than {MAX_HEADERS} headers: send fewer")
    known_rule = rules.known.get
    slots: Slots = [None] * SLOTS
    lines: list[bytes] = []
    held_back: list[bytes] = []
    for header in raw_headers:
        name, value = header
        slot, line_start = known_rule(name) or rules.find(name)
        if slot:
            first = slots[slot]
            slots[slot] = value if first is None else _again(slot, first, name, value)
        if line_start is None:
            held_back += header
        else:
            lines += (line_start, value, b"\r\n")
    forward = b"".join(lines)
    octets = forward + b"".join(held_back)
    header_bytes = len(octets) + len(held_back) // 2 * _LINE_OVERHEAD_BYTES
    if header_bytes > max_header_bytes:
        raise HeadRefusal(
            "HeaderTooLarge", f"headers over {max_header_bytes} bytes in all: send less"
        )
    # Two control characters end each line of ours; any more came in a value.
    if len(octets.translate(None, _PLAIN_OCTETS)) != len(lines) // 3 * 2:
        _refuse_control_characters(raw_headers)
    if slots[MCP_PARAM] is not None:
        _refuse_repeated_parameters(raw_headers)
    if slots[CONNECTION] not in _PLAIN_CONNECTIONS:
        forward = _without_named(lines, _named_by_connection(slots))
    _check_framing(slots)
    return slots, forward, header_bytes, octets.isascii()


def _again(slot: int, first: bytes, name: bytes, value: bytes) -> bytes:
    """The value of a slot that is filled already; raises HeadRefusal where one is all there is."""
    if slot in _LISTS:
        return first + b", " + value
    if slot == MCP_PARAM:
        return value
    raise _duplicate(name.lower())


def _refuse_repeated_parameters(raw_headers: RawHeaders) -> None:
    """All ``Mcp-Param-…`` share a slot, so that their number needs no bound of its own."""
    seen: set[bytes] = set()
    for name, _ in raw_headers:
        lower = hyphenated(name.lower())
        if lower.startswith(header_names.MCP_PARAM_PREFIX):
            if lower in seen:
                raise _duplicate(lower)
            seen.add(lower)


def _duplicate(lower: bytes) -> HeadRefusal:
    header = lower.decode()
    return HeadRefusal("DuplicateHeader", f"{header} was sent more than once: send it once", header)


def _refuse_control_characters(raw_headers: RawHeaders) -> None:
    for name, value in raw_headers:
        header = name.decode().lower()
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


def _named_by_connection(slots: Slots) -> set[bytes]:
    """The headers that Connection names; raises HeadRefusal for those that we rely on."""
    value = slots[CONNECTION] or b""
    names = {part.strip(b" \t").lower() for part in value.split(b",")}
    if any(name in _END_TO_END or name.startswith(_END_TO_END_PREFIXES) for name in names):
        raise HeadRefusal(
            "ConnectionNamesEndToEnd",
            "connection names a header that is meant for the far end: name hop-by-hop ones only",
            "connection",
        )
    return names


def _without_named(lines: list[bytes], names: set[bytes]) -> bytes:
    """RFC 9110 §7.6.1: what Connection names ends here."""
    triples = zip(lines[::3], lines[1::3], lines[2::3], strict=True)
    return b"".join(b"".join(line) for line in triples if line[0][:-2] not in names)


def _check_framing(slots: Slots) -> None:
    """Length and codings of the body that follows; raises HeadRefusal. RFC 9112 §6."""
    length = slots[CONTENT_LENGTH]
    if length is not None and not (length.isdigit() and len(length) <= LENGTH_DIGITS):
        raise HeadRefusal(
            "SmuggledLength", "content-length is not a plain number of bytes", "content-length"
        )
    transfer = slots[TRANSFER_ENCODING]
    if transfer is not None:
        _check_transfer_encoding(transfer, length)
    coding = slots[CONTENT_ENCODING]
    if coding is not None and coding.lower() != b"identity":
        raise HeadRefusal(
            "ContentEncodingNotSupported",
            "the body is compressed: send it as it is, without content-encoding",
            "content-encoding",
        )


def _check_transfer_encoding(transfer: bytes, length: bytes | None) -> None:
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

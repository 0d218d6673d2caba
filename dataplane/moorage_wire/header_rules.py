"""What becomes of each header of a request and of an answer: read, forwarded, or dropped.

A rule is a pair: the slot in which the value is kept (0: not kept) and the ready start of the line
to forward (None: not forwarded). Names are lower-case bytes; the tables also hold the spellings
that clients use, so that the usual header costs one dict look-up.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from moorage_contract import header_names
from moorage_wire.head_refusal import HeadRefusal

Rule = tuple[int, bytes | None]

MAX_NAME_BYTES = 128
"""Names are remembered with their rule; this bounds what strangers can make us remember."""

# Slots. Plain ints, not an enum: they index a list on the hot path.
NOT_KEPT = 0
HOST = 1
ORIGIN = 2
CONTENT_TYPE = 3
ACCEPT = 4
SESSION_ID = 5
PROTOCOL_VERSION = 6
MCP_METHOD = 7
MCP_NAME = 8
LAST_EVENT_ID = 9
AUTHORIZATION = 10
MCP_PARAM = 11
CONNECTION = 12
CONTENT_LENGTH = 13
TRANSFER_ENCODING = 14
CONTENT_ENCODING = 15
EXPECT = 16
UPGRADE = 17
CDN_LOOP = 18
SLOTS = 19

_READ_AND_FORWARDED = {
    b"content-type": CONTENT_TYPE,
    b"accept": ACCEPT,
    header_names.MCP_PROTOCOL_VERSION: PROTOCOL_VERSION,
    header_names.MCP_METHOD: MCP_METHOD,
    header_names.MCP_NAME: MCP_NAME,
    header_names.CDN_LOOP: CDN_LOOP,
}
_READ_ONLY = {
    b"host": HOST,
    b"origin": ORIGIN,
    header_names.MCP_SESSION_ID: SESSION_ID,
    header_names.LAST_EVENT_ID: LAST_EVENT_ID,
    b"authorization": AUTHORIZATION,
    b"connection": CONNECTION,
    b"content-length": CONTENT_LENGTH,
    b"transfer-encoding": TRANSFER_ENCODING,
    b"content-encoding": CONTENT_ENCODING,
    b"expect": EXPECT,
    b"upgrade": UPGRADE,
}
_HOP_BY_HOP = frozenset(
    (b"keep-alive", b"te", b"trailer", b"http2-settings")
)  # RFC 9110 §7.6.1, beside those that are read
# Who the client is, or which URL it "really" asked for, as told by a proxy before us. Endpoints
# that trust the proxy before them would believe these, and anybody can send them. Some gateways
# let a client name the server by ``mcp-init-host``, and CGI programs take ``proxy`` for their own.
_IDENTITY = frozenset(
    (
        b"client-ip",
        b"forwarded",
        b"from",
        b"mcp-init-host",
        b"proxy",
        b"remote-user",
        b"tailscale-user-login",
        b"true-client-ip",
        b"via",
        b"x-client-ip",
        b"x-client-cert",
        b"x-cluster-client-ip",
        b"x-host",
        b"x-http-host-override",
        b"x-http-method",
        b"x-http-method-override",
        b"x-method-override",
        b"x-original-host",
        b"x-original-method",
        b"x-original-url",
        b"x-real-ip",
        b"x-rewrite-url",
    )
)
_DROPPED = _HOP_BY_HOP | _IDENTITY | {b"accept-encoding", b"cookie", b"cookie2"}
_DROPPED_PREFIXES = (
    b"moorage-",
    b"proxy-",
    b"cf-",
    b"ssl-client-",
    b"x-amzn-oidc-",
    b"x-auth-request-",
    b"x-authenticated-",
    b"x-envoy-",
    b"x-forwarded-",
    b"x-goog-authenticated-",
    b"x-ms-client-principal",
    b"x-remote-",
    b"x-ssl-client-",
    b"x-webauth-",
)

_ANSWER_READ = {
    b"content-length": CONTENT_LENGTH,
    b"transfer-encoding": TRANSFER_ENCODING,
    b"content-encoding": CONTENT_ENCODING,
    header_names.MCP_SESSION_ID: SESSION_ID,
    b"connection": CONNECTION,
}
_ANSWER_DROPPED = _HOP_BY_HOP | {
    b"alt-svc",
    b"clear-site-data",
    b"date",
    b"server",
    b"set-cookie",
    b"set-cookie2",
    b"upgrade",
    b"via",
    # Commands to a proxy before us, which an endpoint has no business giving.
    b"x-accel-redirect",
    b"x-lighttpd-send-file",
    b"x-reproxy-url",
    b"x-sendfile",
}
_ANSWER_DROPPED_PREFIXES = (b"access-control-", b"moorage-", b"proxy-")

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HYPHENATED = bytes(octet if chr(octet).isalnum() else 0x2D for octet in range(256))
_ADVICE = "send each header as `name: value` with a name of letters, digits and hyphens"


class HeaderRules(NamedTuple):
    """``known`` holds the usual spellings; ``find`` knows all names and raises HeadRefusal."""

    known: Mapping[bytes, Rule]
    find: Callable[[bytes], Rule]


def _checked_name(name: bytes) -> bytes:
    """The lower-case form of a header name that is a token (RFC 9110 §5.1); raises HeadRefusal."""
    if len(name) > MAX_NAME_BYTES:
        raise HeadRefusal(
            "HeaderTooLarge", f"a header name is over {MAX_NAME_BYTES} bytes: shorten it"
        )
    if not _TOKEN.fullmatch(name):
        if name[:1] in (b" ", b"\t"):
            raise HeadRefusal("ObsoleteFolding", "a header is folded over two lines: " + _ADVICE)
        raise HeadRefusal("BadHeaderName", "a header name is not a token: " + _ADVICE)
    return name.lower()


@lru_cache(maxsize=1024)
def _find_request_rule(name: bytes) -> Rule:
    lower = _checked_name(name)
    slot, is_forwarded = _request_fate(lower)
    twin = hyphenated(lower)
    if twin != lower and slot == NOT_KEPT:
        is_forwarded = is_forwarded and _is_harmless_twin(twin)
    return slot, lower + b": " if is_forwarded else None


def hyphenated(lower: bytes) -> bytes:
    """What servers of the CGI family take a name for: they cannot tell ``_`` from ``-``."""
    return lower.translate(_HYPHENATED)


def _is_harmless_twin(twin: bytes) -> bool:
    """Whether a header that looks like ``twin`` may pass; raises HeadRefusal if we read that."""
    slot, is_forwarded = _request_fate(twin)
    if slot != NOT_KEPT:
        header = twin.decode()
        raise HeadRefusal(
            "LookalikeHeader",
            f"a header looks like {header}, and some servers take it for that: "
            "leave it out, or write its name with hyphens only",
            header,
        )
    return is_forwarded


def _request_fate(lower: bytes) -> tuple[int, bool]:
    """Slot of a lower-case name, and whether it goes to the endpoint."""
    if slot := _READ_AND_FORWARDED.get(lower):
        return slot, True
    if slot := _READ_ONLY.get(lower):
        return slot, False
    if lower.startswith(header_names.MCP_PARAM_PREFIX):
        return MCP_PARAM, True
    return NOT_KEPT, not (lower in _DROPPED or lower.startswith(_DROPPED_PREFIXES))


@lru_cache(maxsize=1024)
def _find_answer_rule(name: bytes) -> Rule:
    lower = _checked_name(name)
    if lower == b"content-type":
        return CONTENT_TYPE, b"content-type: "
    if slot := _ANSWER_READ.get(lower):
        return slot, None
    is_dropped = lower in _ANSWER_DROPPED or lower.startswith(_ANSWER_DROPPED_PREFIXES)
    return NOT_KEPT, None if is_dropped else lower + b": "


def _spellings(lower: bytes) -> Iterable[bytes]:
    """As HTTP/2 minded clients, most libraries and the MCP specification write it."""
    return lower, lower.title(), lower.title().replace(b"Mcp-Protocol", b"MCP-Protocol")


def _rules(find: Callable[[bytes], Rule], usual_names: Iterable[bytes]) -> HeaderRules:
    known = {spelling: find(name) for name in usual_names for spelling in _spellings(name)}
    return HeaderRules(known, find)


REQUEST_HEADERS = _rules(
    _find_request_rule,
    (
        *_READ_AND_FORWARDED,
        *_READ_ONLY,
        b"accept-encoding",
        b"accept-language",
        b"cookie",
        b"keep-alive",
        b"sec-fetch-mode",
        b"traceparent",
        b"tracestate",
        b"user-agent",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-proto",
        b"x-real-ip",
    ),
)
ANSWER_HEADERS = _rules(
    _find_answer_rule,
    (
        *_ANSWER_READ,
        b"content-type",
        b"cache-control",
        b"date",
        b"keep-alive",
        b"server",
        b"vary",
        b"x-accel-buffering",
        b"x-powered-by",
    ),
)

"""From the bytes of a client to whole requests: a strict head, a whole and bounded body.

The parser is llhttp without lenient flags; ``moorage_wire.heads`` checks what it lets pass.
"""

from collections.abc import Callable
from functools import cache, partial

import httptools

from moorage_gateway.errors import GatewayError, MalformedRequest
from moorage_gateway.relaying.http_request import HttpRequest
from moorage_gateway.relaying.request_refusals import (
    body_too_large,
    head_too_large,
    malformed,
    no_chunks_behind_offer,
    unknown_version,
)
from moorage_gateway.settings import Limits
from moorage_wire.head_memory import HeadMemory
from moorage_wire.heads import HeadRefusal, RequestHead, read_head


def _take_none(request: HttpRequest) -> None:
    """A connection that is over takes no request."""


@cache
def _reading(max_header_bytes: int) -> Callable[[list[tuple[bytes, bytes]]], RequestHead]:
    """One for all connections, which are many."""
    return partial(_read_head, max_header_bytes)


def _read_head(max_header_bytes: int, headers: list[tuple[bytes, bytes]]) -> RequestHead:
    return read_head(tuple(headers), max_header_bytes=max_header_bytes)


class RequestReader:
    """Gives each whole request to ``take``. After a ``refusal`` nothing more is given."""

    __slots__ = (
        "_body",
        "_body_left",
        "_headers",
        "_heads",
        "_limits",
        "_message_bytes",
        "_now",
        "_parser",
        "_request",
        "_take",
        "_target",
        "begun_at",
        "is_deaf",
        "refusal",
        "wants_continue",
    )

    def __init__(
        self, limits: Limits, now: Callable[[], float], take: Callable[[HttpRequest], None]
    ) -> None:
        self._limits = limits
        self._now = now
        self._take = take
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._heads = HeadMemory(_reading(limits.request_head_bytes))
        self._request: HttpRequest | None = None
        self._body: bytes | bytearray = b""
        self._body_left = 0
        self._message_bytes = 0
        self.begun_at = 0.0
        """When the request began that is only half there; 0 while there is none."""
        self.refusal: GatewayError | None = None
        self.is_deaf = False
        """True behind an offer to switch protocols: what follows is of none that we know."""
        self.wants_continue = False
        """True while the client waits for leave to send its body."""

    @property
    def in_head(self) -> bool:
        """True while of a half-sent request not even the head is whole."""
        return self._request is None

    @property
    def held_bytes(self) -> int:
        """What of a half-sent body is held."""
        return len(self._body)

    def feed(self, data: bytes) -> None:
        """Read on; requests that become whole are given away from here."""
        self._message_bytes += len(data)
        try:
            assert self._parser is not None
            if self._body_left:
                self._read_body_behind_offer(data)
            else:
                self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as paused:
            self._read_body_behind_offer(data[paused.args[0] :])
        except httptools.HttpParserError:
            self._refuse(malformed("the request is no valid HTTP/1.1"))
        if self.refusal is None and self.begun_at:
            self._check_size()

    def _read_body_behind_offer(self, data: bytes) -> None:
        """An offer to switch protocols is answered as if it had not been made (RFC 9110 §7.8).

        The parser takes all behind its head for the other protocol, the body included.
        """
        piece = data[: self._body_left]
        self._body_left -= len(piece)
        if piece:
            self.on_body(piece)
        if not self._body_left:
            self.is_deaf = True
            if self._request is not None:
                self._give_away()

    def close(self) -> None:
        """Nothing more will come. What was held goes now: the collector may come much later."""
        self._parser = None
        self._request = None
        self._headers = []
        self._heads.forget()
        self._body = b""
        self._take = _take_none

    def _refuse(self, refusal: GatewayError) -> None:
        self.refusal = self.refusal or refusal

    def _check_size(self) -> None:
        head_bytes, body_bytes = self._limits.request_head_bytes, self._limits.request_body_bytes
        if self._request is None:
            if self._message_bytes > head_bytes:
                self._refuse(head_too_large(head_bytes))
        elif (
            # Chunks may cost as much as they carry; past that they are an attack.
            self._message_bytes > head_bytes + 2 * body_bytes
            or self._request.declared_bytes > body_bytes
        ):
            self._refuse(body_too_large(body_bytes))

    # httptools

    def on_message_begin(self) -> None:
        self.begun_at = self._now()
        self._target = b""
        self._headers = []
        self._request = None
        self._body = b""

    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        # Trailers come after the head was read and are dropped.
        if self._request is None:
            if value and value[-1] in b" \t":
                value = value.rstrip(b" \t")  # RFC 9110 §5.5; llhttp strips in front only
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        parser = self._parser
        assert parser is not None
        version = parser.get_http_version()
        if version not in ("1.1", "1.0"):
            self._refuse(unknown_version())
            return
        try:
            head = self._heads.read(self._headers)
        except HeadRefusal as error:
            self._refuse(MalformedRequest(error.message, reason=error.reason, status=error.status))
            return
        method = parser.get_method().decode("latin-1")
        if method != "POST":
            self._heads.forget()
        self._request = request = HttpRequest(
            method,
            self._target.decode("latin-1"),
            head,
            version == "1.1",
        )
        request.raw_headers = tuple(self._headers)
        self.wants_continue = head.expects_continue and request.http11

    def on_body(self, piece: bytes) -> None:
        limit_bytes = self._limits.request_body_bytes
        self.wants_continue = False
        if not self._body:
            self._body = piece
        elif len(self._body) <= limit_bytes:
            if isinstance(self._body, bytes):
                self._body = bytearray(self._body)
            self._body += piece
        if len(self._body) > limit_bytes:
            self._refuse(body_too_large(limit_bytes))

    def on_message_complete(self) -> None:
        request = self._request
        if request is not None and request.head.offers_upgrade:
            self._body_left = request.declared_bytes
            if request.is_chunked:
                self._refuse(no_chunks_behind_offer())
        else:
            self._give_away()

    def _give_away(self) -> None:
        request, self._request = self._request, None
        body, self._body, self._headers = bytes(self._body), b"", []
        self.begun_at = 0.0
        self._message_bytes = 0
        self.wants_continue = False
        if request is None or self.refusal is not None:
            return
        assert self._parser is not None
        request.keep_alive = (
            request.http11 and not request.head.offers_upgrade and self._parser.should_keep_alive()
        )
        request.body = body
        self._take(request)

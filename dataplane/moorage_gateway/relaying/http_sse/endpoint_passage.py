"""An HTTP+SSE endpoint's stream on its way to an HTTP+SSE client.

The one event that changes is the first: it told where to post at the endpoint, and tells the
client where to post at the gateway. Every byte after it passes as it is, at once.
"""

import re
from collections.abc import Callable

from moorage_gateway.connecting.http_sse_endpoint import message_target
from moorage_gateway.connecting.http_sse_stream import (
    ENDPOINT_EVENT,
    MAX_OPENING_BYTES,
    no_endpoint_event,
    no_event_stream,
)
from moorage_gateway.errors import BadAnswer
from moorage_gateway.settings import Limits
from moorage_wire.heads import AnswerHead
from moorage_wire.sse import SseIdRewriter, SseReader, encode_event

_EVENT_END = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r)")


class EndpointPassage:
    """``opened`` gets the endpoint's message target and gives the URI for the client."""

    is_session = True
    answers = None
    session_line = b""

    def __init__(self, limits: Limits, endpoint_url: str, opened: Callable[[str], bytes]) -> None:
        self._endpoint_url = endpoint_url
        self._opened = opened
        self._held = bytearray()
        self._refused = False
        self._failure: BadAnswer | None = None
        self._body = SseIdRewriter(lambda event_id: event_id, max_event_bytes=limits.event_bytes)
        self.holding = True

    @property
    def at_boundary(self) -> bool:
        return self._body.at_boundary

    def started(self, status: int, head: AnswerHead) -> None:
        if status >= 400:
            self._refused, self.holding = True, False
        elif status != 200 or not head.is_event_stream:
            self._failure = no_event_stream(status)

    def feed(self, chunk: bytes) -> bytes:
        if self._refused:
            return chunk
        if not self.holding:
            return self._body.feed(chunk)
        if self._failure is not None:
            raise self._failure
        self._held += chunk
        return self._open()

    def finish(self) -> bytes:
        if self.holding:
            raise self._failure or no_endpoint_event()
        return b""

    def _open(self) -> bytes:
        while (end := _EVENT_END.search(self._held)) is not None:
            block = bytes(self._held[: end.end()])
            del self._held[: end.end()]
            for event in SseReader().feed(block):
                if event.event != ENDPOINT_EVENT:
                    raise no_endpoint_event()
                return self._release(event.data)
        if len(self._held) > MAX_OPENING_BYTES:
            raise no_endpoint_event()
        return b""

    def _release(self, named: bytes) -> bytes:
        uri = self._opened(message_target(self._endpoint_url, named))
        self.holding = False
        rest, self._held = bytes(self._held), bytearray()
        return encode_event(uri, event=ENDPOINT_EVENT) + self._body.feed(rest)

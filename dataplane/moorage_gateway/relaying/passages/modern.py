"""The passage of what an endpoint answers at 2026-07-28."""

import re

from moorage_gateway.errors import BadAnswer
from moorage_gateway.relaying.breaking_off import BrokenOff
from moorage_gateway.relaying.modern_capsules import Sealing, may_hold_capsules, seal_message
from moorage_gateway.settings import Limits
from moorage_wire.capsules import CapsuleTooLarge
from moorage_wire.heads import AnswerHead
from moorage_wire.sse import EventTooLarge, SseReader, encode_event

_JSON = b"application/json"
_EVENT_END = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r)")


class ModernPassage:
    """Seals state, cursors and task ids; all else passes, streams event by event.

    A JSON answer is held until it is whole (larger ones than the bound pass unheld: had they
    something to seal, the client would be told later that it is invalid). Other bodies hold no
    messages and pass at once.
    """

    def __init__(self, limits: Limits, sealing: Sealing, answers: bytes | None) -> None:
        self.answers = answers
        self._limits = limits
        self._sealing = sealing
        self._is_stream = False
        self._held = bytearray()
        self._half_a_line_end = False
        self._is_error = False
        self.holding = True

    session_line = b""

    @property
    def at_boundary(self) -> bool:
        return self._is_stream

    def started(self, status: int, head: AnswerHead) -> None:
        self._is_stream = head.is_event_stream
        self.holding = (head.content_type or _JSON).lower().startswith(_JSON)
        self._is_error = status >= 300

    def feed(self, chunk: bytes) -> bytes:
        if not self._is_stream and not self.holding:
            return chunk
        if self._half_a_line_end:
            return self._line_end(chunk)
        fresh_from = len(self._held)
        self._held += chunk
        return self._whole_events(fresh_from) if self._is_stream else self._overflow()

    def _line_end(self, chunk: bytes) -> bytes:
        """An event ended with CR: an LF that comes only now belongs to it, and readers wait."""
        self._half_a_line_end = False
        if not chunk.startswith(b"\n"):
            return self.feed(chunk)
        return b"\n" + self.feed(chunk[1:])

    def finish(self) -> bytes:
        held, self._held = bytes(self._held), bytearray()
        if self._is_stream:  # an event without its end is none (WHATWG HTML, "Server-sent events")
            return b""
        if not self.holding:
            return held
        self.holding = False
        try:
            return seal_message(held, self._sealing)
        except BadAnswer:
            if self._is_error:  # a refusal in words of another protocol passes as it is
                return held
            raise

    def _overflow(self) -> bytes:
        if len(self._held) <= self._limits.held_answer_bytes:
            return b""
        self.holding = False
        held, self._held = bytes(self._held), bytearray()
        return held

    def _whole_events(self, fresh_from: int) -> bytes:
        pieces: list[bytes] = []
        start = 0
        # An event's end may begin three bytes before what is fresh; all before was searched.
        for end in _EVENT_END.finditer(self._held, max(0, fresh_from - 3)):
            try:
                pieces.append(self._sealed(bytes(self._held[start : end.end()])))
            except (BadAnswer, CapsuleTooLarge, EventTooLarge) as error:
                raise BrokenOff(b"".join(pieces), error) from error
            start = end.end()
        out = b"".join(pieces)
        if len(self._held) - start > self._limits.event_bytes:
            raise BrokenOff(out, EventTooLarge(self._limits.event_bytes))
        if start:
            self._held = self._held[start:]
            self._half_a_line_end = not self._held and out.endswith(b"\r")
        return out

    def _sealed(self, octets: bytes) -> bytes:
        if len(octets) > self._limits.event_bytes:
            raise EventTooLarge(self._limits.event_bytes)
        if not may_hold_capsules(octets):
            return octets
        for event in SseReader(max_event_bytes=self._limits.event_bytes).feed(octets):
            sealed = seal_message(event.data, self._sealing)
            if sealed != event.data:
                return encode_event(
                    sealed,
                    event=event.event,
                    event_id=event.event_id,
                    retry_milliseconds=event.retry_milliseconds,
                )
        return octets

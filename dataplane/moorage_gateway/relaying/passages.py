"""What happens to an answer's body on its way, one class per kind of answer.

A passage sees the body in pieces (``feed``) and its end (``finish``), and says when the head may
go out (``holding``) and with which session id (``session_line``).
"""

import re
from collections.abc import Callable

import msgspec

from moorage_gateway.errors import BadAnswer
from moorage_gateway.relaying.breaking_off import BrokenOff
from moorage_gateway.relaying.modern_capsules import Sealing, may_hold_capsules, seal_message
from moorage_gateway.settings import Limits
from moorage_wire.capsules import CapsuleTooLarge
from moorage_wire.heads import AnswerHead
from moorage_wire.jsonrpc import MalformedMessage, MessageKind, read_message, text_of
from moorage_wire.sse import EventTooLarge, SseIdRewriter, SseReader, encode_event

SealEventId = Callable[[bytes], bytes]


class LegacyPassage:
    """Bytes pass at once; only event ids are exchanged for capsules."""

    __slots__ = (
        "_client_session_line",
        "_limits",
        "_rewriter",
        "_seal_event_id",
        "answers",
        "session_line",
    )

    holding = False

    def __init__(
        self,
        limits: Limits,
        seal_event_id: SealEventId,
        client_session_line: bytes,
        answers: bytes | None = None,
    ) -> None:
        self.answers = answers
        self._limits = limits
        self._seal_event_id = seal_event_id
        self._client_session_line = client_session_line
        self._rewriter: SseIdRewriter | None = None
        self.session_line = b""

    @property
    def at_boundary(self) -> bool:
        return self._rewriter is not None and self._rewriter.at_boundary

    @property
    def last_id_seen(self) -> bool:
        return self._rewriter is not None and self._rewriter.last_id_seen

    def started(self, status: int, head: AnswerHead) -> None:
        # Servers put a fresh, dead id on refusals; a client must see its own id or none.
        if head.session_id is not None and status < 300:
            self.session_line = self._client_session_line
        if head.is_event_stream:
            self._rewriter = SseIdRewriter(
                self._seal_event_id, max_event_bytes=self._limits.event_bytes
            )

    def feed(self, chunk: bytes) -> bytes:
        return chunk if self._rewriter is None else self._rewriter.feed(chunk)

    def finish(self) -> bytes:
        return b""


class InitializePassage:
    """Holds the answer to ``initialize`` until its result is known, then mints the session id.

    ``mint`` takes the endpoint's session id and the negotiated version, and gives the session
    line and the sealing of event ids.
    """

    def __init__(
        self,
        limits: Limits,
        mint: Callable[[str, str], tuple[bytes, SealEventId]],
        answers: bytes | None,
    ) -> None:
        self.answers = answers
        self._limits = limits
        self._mint = mint
        self._upstream_session_id: str | None = None
        self._acceptable = False
        self._reader: SseReader | None = None
        self._held = bytearray()
        self._rewriter: SseIdRewriter | None = None
        self.holding = True
        self.session_line = b""
        self.minted = False

    @property
    def at_boundary(self) -> bool:
        return self._rewriter is not None and self._rewriter.at_boundary

    def started(self, status: int, head: AnswerHead) -> None:
        self._acceptable = status < 300
        self._upstream_session_id = head.session_id
        if head.is_event_stream:
            self._reader = SseReader(max_event_bytes=self._limits.event_bytes)

    def feed(self, chunk: bytes) -> bytes:
        if self._rewriter is not None:
            return self._rewriter.feed(chunk)
        self._held += chunk
        if len(self._held) > self._limits.held_answer_bytes:
            raise BadAnswer(
                f"the answer to initialize is over {self._limits.held_answer_bytes} bytes"
            )
        if self._reader is not None:
            for event in self._reader.feed(chunk):
                if self._conclude(event.data):
                    return self._release()
        return b""

    def finish(self) -> bytes:
        if not self.holding:
            return b""
        if self._reader is None:
            self._conclude(bytes(self._held))
        return self._release()

    def _release(self) -> bytes:
        self.holding = False
        held, self._held = bytes(self._held), bytearray()
        if self._reader is None:
            return held
        self._reader = None
        self._rewriter = self._rewriter or SseIdRewriter(
            lambda event_id: event_id, max_event_bytes=self._limits.event_bytes
        )
        return self._rewriter.feed(held)

    def _conclude(self, data: bytes) -> bool:
        """True when ``data`` is the response; a successful one with a session id mints ours."""
        if not data:
            return False
        try:
            message = read_message(data)
        except MalformedMessage as error:
            if not self._acceptable:
                return False
            raise BadAnswer(f"the answer to initialize is no JSON-RPC: {error.reason}") from error
        if message.kind is not MessageKind.RESPONSE:
            return False
        result = message.members.get("result")
        if result is not None and self._acceptable and self._upstream_session_id is not None:
            self.session_line, seal_event_id = self._mint(
                self._upstream_session_id, negotiated_version(result)
            )
            self.minted = True
            self._rewriter = SseIdRewriter(seal_event_id, max_event_bytes=self._limits.event_bytes)
        return True


def negotiated_version(result: bytes) -> str:
    """``result.protocolVersion`` of an answer to ``initialize``; raises BadAnswer."""
    try:
        members = msgspec.json.decode(result, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError as error:
        raise BadAnswer("the result of initialize is no object") from error
    version = text_of(members.get("protocolVersion", msgspec.Raw(b"null")))
    if version is None:
        raise BadAnswer("the result of initialize has no protocolVersion")
    return version


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
        if self._is_stream or not self.holding:
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

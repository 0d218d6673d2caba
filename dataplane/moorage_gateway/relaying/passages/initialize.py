"""The passage of the answer to ``initialize``, in which a session begins."""

from collections.abc import Callable

import msgspec

from moorage_gateway.errors import BadAnswer
from moorage_gateway.relaying.passages.legacy import SealEventId
from moorage_gateway.settings import Limits
from moorage_wire.heads import AnswerHead
from moorage_wire.jsonrpc import MalformedMessage, MessageKind, read_message, text_of
from moorage_wire.sse import SseIdRewriter, SseReader


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

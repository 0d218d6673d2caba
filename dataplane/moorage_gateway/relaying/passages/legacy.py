"""The passage of what an endpoint answers within a legacy session."""

from collections.abc import Callable

from moorage_gateway.settings import Limits
from moorage_wire.heads import AnswerHead
from moorage_wire.sse import SseIdRewriter

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

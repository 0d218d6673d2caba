"""The requests of one session that the server has not answered yet (time passed in)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.refusals import BadRequest, NoAnswer, Refusal, RequestCancelled, TooMany
from moorage_sidecar.sessions.stream_choice import canonical_id
from moorage_wire.jsonrpc import Message

CANCEL_GRACE_SECONDS: Final = 1.0
"""A server may still answer a cancelled request; most do not."""
MAX_QUESTIONS: Final = 1024
RETRY_SECONDS: Final = 1


@dataclass
class Call:
    """One request that waits for its answer."""

    raw_id: bytes
    stream: int
    progress_token: bytes | None
    last_heard: float
    cancelled_at: float | None = None


class CallBook:
    """Calls by canonical id, and when the server asked the client which question."""

    def __init__(self, max_calls: int) -> None:
        self._max_calls = max_calls
        self._calls: dict[bytes, Call] = {}
        self._questions: dict[bytes, float] = {}
        self.stream_of_id: dict[bytes, int] = {}
        self.stream_of_progress: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def open(self, request: Message, stream: int, now: float) -> None:
        """Await the answer to a request; raises ``TooMany`` or ``BadRequest``."""
        assert request.id is not None
        key = canonical_id(request.id)
        if key in self._calls:
            raise BadRequest(
                "IdInFlight",
                f"request id {request.id.decode()} is already in flight in this session",
                "use a new id for each request",
            )
        if len(self._calls) >= self._max_calls:
            raise TooMany("unanswered requests in a session", self._max_calls, RETRY_SECONDS)
        token = (request.meta or {}).get("progressToken")
        progress_token = None if token is None else canonical_id(bytes(token))
        self._calls[key] = Call(request.id, stream, progress_token, now)
        self.stream_of_id[key] = stream
        if progress_token is not None:
            self.stream_of_progress[progress_token] = stream

    def close(self, raw_id: bytes | None) -> Call | None:
        """The call is answered, by whomever."""
        key = canonical_id(raw_id)
        call = self._calls.pop(key, None)
        if call is not None:
            del self.stream_of_id[key]
            if call.progress_token is not None:
                self.stream_of_progress.pop(call.progress_token, None)
        if not self._calls:
            self._questions.clear()
        return call

    def close_all(self) -> list[Call]:
        """Every call, none of which waits any more."""
        return [call for raw_id in list(self._calls) if (call := self.close(raw_id))]

    def hear(self, stream: int, now: float) -> None:
        """The server said something on this stream: its calls are not forgotten."""
        for call in self._calls.values():
            if call.stream == stream:
                call.last_heard = now

    def cancel(self, raw_id: bytes, now: float) -> None:
        """The client does not want the answer any more."""
        if call := self._calls.get(canonical_id(raw_id)):
            call.cancelled_at = now

    def question(self, request: Message, now: float) -> None:
        """The server asked the client something; what a ping asks, nobody has to think about."""
        if len(self._questions) < MAX_QUESTIONS and request.method != "ping":
            self._questions[canonical_id(request.id)] = now

    def unasked(self, raw_id: bytes | None) -> None:
        """The question never reached the client."""
        self._questions.pop(canonical_id(raw_id), None)

    def excuse(self, now: float, limits: BridgeLimits) -> None:
        """The client can be reached: while it is asked something, silence counts from here.

        Not for ever: a client may never answer, and the server hang for another reason.
        """
        asked_after = now - limits.question_seconds
        self._questions = {key: at for key, at in self._questions.items() if at > asked_after}
        if self._questions:
            for call in self._calls.values():
                call.last_heard = now

    def settle(self, raw_id: bytes | None, now: float) -> None:
        """The question was answered or taken back; the server's silence counts from here."""
        self._questions.pop(canonical_id(raw_id), None)
        for call in self._calls.values():
            call.last_heard = now

    def overdue(self, now: float, limits: BridgeLimits) -> Iterable[tuple[Call, Refusal]]:
        """Calls that are answered by the bridge now, with what their callers are told."""
        for call in list(self._calls.values()):
            if call.cancelled_at is not None:
                if now - call.cancelled_at >= CANCEL_GRACE_SECONDS:
                    yield call, RequestCancelled()
            elif now - call.last_heard >= limits.answer_seconds:
                yield call, NoAnswer(now - call.last_heard)

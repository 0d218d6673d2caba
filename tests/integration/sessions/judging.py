"""What a call's answer says about the session it came from (no I/O)."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["right", "wrong", "crossed", "lost"]

CLOSING_MILLISECONDS = 500
"""How long after a kill a client may still write to a connection that is being closed.

The kernel needs some 50 ms to end a gateway with many sockets, and its clients learn it after that.
"""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of `advance`; times are Unix milliseconds, `answer` is None when it has none."""

    owner: str
    nonce: str
    started_ms: float
    ended_ms: float
    answer: dict[str, Any] | None
    error: str | None


@dataclass(slots=True)
class _SessionSoFar:
    count: int = 0
    secret: str | None = None
    replica: str | None = None
    lost_since: int = 0


@dataclass(slots=True)
class Judge:
    """Judges calls in the order in which each session made them."""

    counts: Counter[Verdict] = field(default_factory=Counter)
    lost: list[Call] = field(default_factory=list)
    faults: list[tuple[Verdict, Call]] = field(default_factory=list)
    last: dict[str, Verdict] = field(default_factory=dict)
    _sessions: dict[str, _SessionSoFar] = field(default_factory=dict)
    _secret_owners: dict[str, str] = field(default_factory=dict)

    def judge(self, call: Call) -> Verdict:
        verdict = self._verdict(call, self._sessions.setdefault(call.owner, _SessionSoFar()))
        self.counts[verdict] += 1
        self.last[call.owner] = verdict
        if verdict == "lost":
            self.lost.append(call)
        elif verdict != "right":
            self.faults.append((verdict, call))
        return verdict

    def _verdict(self, call: Call, session: _SessionSoFar) -> Verdict:
        if call.answer is None:
            session.lost_since += 1
            return "lost"
        if self._is_crossed(call, call.answer):
            return "crossed"
        as_expected = _continues(session, call.answer)
        session.count = call.answer["count"]
        session.secret = call.answer["secret"]
        session.replica = call.answer["replica"]
        session.lost_since = 0
        return "right" if as_expected else "wrong"

    def _is_crossed(self, call: Call, answer: dict[str, Any]) -> bool:
        """Another session's answer, another call's answer, or two clients on one session."""
        secret_owner = self._secret_owners.setdefault(answer["secret"], call.owner)
        return not (
            answer["owner"] == call.owner
            and answer["nonce"] == call.nonce
            and secret_owner == call.owner
        )


def _continues(session: _SessionSoFar, answer: dict[str, Any]) -> bool:
    """The next count of the same session; a lost call may or may not have been counted."""
    if session.secret is not None and session.secret != answer["secret"]:
        return False
    if session.replica is not None and session.replica != answer["replica"]:
        return False
    least = session.count + 1
    return bool(least <= answer["count"] <= least + session.lost_since)


@dataclass(frozen=True, slots=True)
class LossesAtKill:
    """Lost calls by what a kill at one moment explains."""

    in_flight: int
    into_closing: int
    unexplained: tuple[Call, ...]


def sort_losses(lost: list[Call], killed_ms: float | None) -> LossesAtKill:
    in_flight, into_closing, unexplained = 0, 0, []
    for call in lost:
        if killed_ms is not None and call.started_ms <= killed_ms <= call.ended_ms:
            in_flight += 1
        elif killed_ms is not None and 0 < call.started_ms - killed_ms <= CLOSING_MILLISECONDS:
            into_closing += 1
        else:
            unexplained.append(call)
    return LossesAtKill(in_flight, into_closing, tuple(unexplained))

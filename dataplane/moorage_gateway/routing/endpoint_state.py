"""What an endpoint may be given, and how it gets there (pure).

    VERIFYING ──handshake ok──▶ READY ──failures──▶ DOWN ──handshake ok──▶ READY
    any ──left the table──▶ ABSENT

New work goes to READY endpoints; where there are none, to those that are DOWN for silence only:
a server that is busy with one long call answers later, which is better than a refusal. Sessions
that are bound to an endpoint reach it in every state but ABSENT: a flap never moves a session.
"""

from dataclasses import dataclass, replace
from enum import Enum

FAILURES_UNTIL_DOWN = 3


class EndpointState(Enum):
    """See the picture above."""

    VERIFYING = "verifying"
    READY = "ready"
    DOWN = "down"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Health:
    """An endpoint's state and what led to it."""

    state: EndpointState = EndpointState.VERIFYING
    failures: int = 0
    """Failures in a row since the last success."""
    silent: bool = False
    """True while it takes connections and answers nothing in time."""
    why: str = "not yet verified"
    versions: tuple[str, ...] = ()
    """Protocol versions that its handshake showed."""
    own: bool = False
    """Whether this gateway knows it by a handshake of its own."""

    def verified(self, versions: tuple[str, ...]) -> "Health":
        """After a successful handshake."""
        return Health(EndpointState.READY, why="handshake succeeded", versions=versions, own=True)

    def vouched_for(self, versions: tuple[str, ...]) -> "Health":
        """After another replica's successful handshake."""
        return Health(EndpointState.READY, why="verified by another replica", versions=versions)

    def failed(self, why: str, *, fatal: bool = False, silent: bool = False) -> "Health":
        """After a failure; a fatal one (no connection, no answer to a ping) needs no repetition."""
        failures = self.failures + 1
        down = self.state is EndpointState.READY and (
            fatal or silent or failures >= FAILURES_UNTIL_DOWN
        )
        return replace(
            self,
            state=EndpointState.DOWN if down else self.state,
            failures=failures,
            silent=silent,
            why=why,
            own=True,
        )

    def answered(self) -> "Health":
        """After any whole answer."""
        return replace(self, failures=0) if self.failures else self

    def removed(self) -> "Health":
        """After it left the table."""
        return replace(self, state=EndpointState.ABSENT, why="no longer in the configuration")

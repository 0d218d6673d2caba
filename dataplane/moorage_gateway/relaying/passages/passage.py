"""What every passage gives to the relay that leads an answer through it."""

from typing import Protocol

from moorage_wire.heads import AnswerHead


class Passage(Protocol):
    """Sees the body in pieces (``feed``) and its end (``finish``).

    Raises what ``answer_relay`` knows how to tell when it can let no more out.
    """

    def started(self, status: int, head: AnswerHead) -> None: ...
    def feed(self, chunk: bytes) -> bytes: ...
    def finish(self) -> bytes: ...

    @property
    def at_boundary(self) -> bool:
        """True where the gateway may add an event of its own."""
        ...

    @property
    def holding(self) -> bool:
        """True while nothing may go out yet, the head included."""
        ...

    @property
    def session_line(self) -> bytes:
        """The session id header line of the answer, or nothing."""
        ...

    @property
    def answers(self) -> bytes | None:
        """Raw id of the request whose response this must be; None where there is none."""
        ...

"""One stream of a session and the messages that wait for a client without one."""

from collections import deque
from dataclasses import dataclass

from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.outbox import Outbox
from moorage_sidecar.sessions.stream_choice import GET_STREAM
from moorage_wire.jsonrpc import Message


@dataclass
class EventStream:
    """A stream as the session knows it; it outlives the connections that carry it."""

    number: int
    carries_events: bool
    awaiting: int = 0
    """Answers that are still to come on it."""
    outbox: Outbox | None = None
    """The connection's queue; ``None`` while the client is away."""
    priming_id: bytes | None = None
    """An event id from before the stream's first event; for resumable streams."""

    @property
    def is_get(self) -> bool:
        return self.number == GET_STREAM


class HeldMessages:
    """Server messages for a client that has no stream open, bounded."""

    def __init__(self, limits: BridgeLimits) -> None:
        self._limits = limits
        self._messages: deque[Message] = deque()
        self._bytes = 0

    def keep(self, message: Message) -> bool:
        """Keep a message for later; False if it was dropped at the bound."""
        size = len(message.wire)
        is_full = (
            len(self._messages) >= self._limits.held_messages
            or self._bytes + size > self._limits.held_bytes
        )
        if is_full:
            return False
        self._messages.append(message)
        self._bytes += size
        return True

    def take_all(self) -> list[Message]:
        """All that was kept, oldest first."""
        messages = list(self._messages)
        self._messages.clear()
        self._bytes = 0
        return messages

"""The newest events of one session, kept for ``Last-Event-ID``.

MCP 2025-11-25, ``basic/transports`` (resumability): ids are unique within a session, and a
resumed stream replays only messages of the stream that broke. An id is ``<stream>-<n>`` with one
counter for the session, and the log belongs to the session: no id reaches another's events.
"""

import re
from collections import deque
from dataclasses import dataclass
from typing import Final

from moorage_sidecar.outbox import Delivery

_EVENT_ID: Final = re.compile(rb"(\d{1,9})-(\d{1,15})")


@dataclass(frozen=True)
class EventPosition:
    """What an event id says."""

    stream: int
    number: int


@dataclass(frozen=True)
class _Event:
    position: EventPosition
    delivery: Delivery


class ReplayLog:
    """Bounded by events and bytes; the newest event is kept whatever its size."""

    def __init__(self, max_events: int, max_bytes: int) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._events: deque[_Event] = deque()
        self._bytes = 0
        self._counter = 0

    def next_id(self, stream: int) -> bytes:
        """An id for an event of this stream that is not kept: a priming event."""
        self._counter += 1
        return b"%d-%d" % (stream, self._counter)

    def record(self, stream: int, message: bytes, *, is_answer: bool) -> Delivery:
        """Keep a message as the stream's newest event; gives it with its id."""
        delivery = Delivery(message, self.next_id(stream), is_answer)
        self._events.append(_Event(EventPosition(stream, self._counter), delivery))
        self._bytes += len(message)
        while len(self._events) > self._max_events or self._is_too_large():
            self._bytes -= len(self._events.popleft().delivery.message)
        return delivery

    def after(self, position: EventPosition) -> tuple[Delivery, ...]:
        """The kept events of the same stream that came later, oldest first."""
        return tuple(
            event.delivery
            for event in self._events
            if event.position.stream == position.stream and event.position.number > position.number
        )

    def has_issued(self, position: EventPosition) -> bool:
        """Whether the counter has come that far; a larger number is invented."""
        return position.number <= self._counter

    def forget(self, stream: int) -> None:
        """Drop a stream's events: its client has all of them."""
        self._events = deque(e for e in self._events if e.position.stream != stream)
        self._bytes = sum(len(event.delivery.message) for event in self._events)

    def _is_too_large(self) -> bool:
        return self._bytes > self._max_bytes and len(self._events) > 1


def read_event_id(event_id: bytes) -> EventPosition | None:
    """The position that an id names, ``None`` for what this bridge never wrote."""
    found = _EVENT_ID.fullmatch(event_id)
    return EventPosition(int(found[1]), int(found[2])) if found else None

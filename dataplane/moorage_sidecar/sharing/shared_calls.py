"""The requests that one shared server owes an answer to (time passed in)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.outbox import Outbox
from moorage_sidecar.refusals import TooMany
from moorage_sidecar.sharing.translation import PROGRESS_MEMBER
from moorage_wire.jsonrpc import Message

LOG_LEVEL_MEMBER: Final = "io.modelcontextprotocol/logLevel"
LISTEN_METHOD: Final = "subscriptions/listen"
LIST_TOOLS_METHOD: Final = "tools/list"
SLOW_READER_SECONDS: Final = 2.0
"""Others wait on the same channel, so a slow client gets little patience."""
RETRY_SECONDS: Final = 1


@dataclass(eq=False)
class SharedCall:
    """One client's request on the shared channel."""

    raw_id: bytes
    progress_token: bytes | None
    reads_log: bool
    is_listen: bool
    lists_tools: bool
    outbox: Outbox
    last_heard: float
    issued: int


class SharedCalls:
    """Calls by the integer under which they travel, bounded.

    Integers are never reused: a late answer to a call that is over cannot reach another one.
    """

    def __init__(self, limits: BridgeLimits) -> None:
        self._limits = limits
        self._last_issued = 0
        self._calls: dict[int, SharedCall] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def open(self, request: Message, now: float) -> SharedCall:
        """Await the answer to a request under a fresh integer; raises ``TooMany``."""
        assert request.id is not None
        if len(self._calls) >= self._limits.max_calls:
            raise TooMany("unanswered requests to a server", self._limits.max_calls, RETRY_SECONDS)
        self._last_issued += 1
        meta = request.meta or {}
        token = meta.get(PROGRESS_MEMBER)
        call = SharedCall(
            raw_id=request.id,
            progress_token=None if token is None else bytes(token),
            reads_log=LOG_LEVEL_MEMBER in meta,
            is_listen=request.method == LISTEN_METHOD,
            lists_tools=request.method == LIST_TOOLS_METHOD,
            outbox=Outbox(self._limits.stream_queue_bytes, SLOW_READER_SECONDS),
            last_heard=now,
            issued=self._last_issued,
        )
        self._calls[call.issued] = call
        return call

    def get(self, issued: int) -> SharedCall | None:
        """The call that waits under this integer."""
        return self._calls.get(issued)

    def close(self, issued: int) -> SharedCall | None:
        """The call waits no longer."""
        return self._calls.pop(issued, None)

    def close_all(self) -> list[SharedCall]:
        """Every call, none of which waits any more."""
        return [call for issued in list(self._calls) if (call := self.close(issued))]

    def log_readers(self) -> Iterable[int]:
        """Calls that asked for log messages."""
        return (issued for issued, call in self._calls.items() if call.reads_log)

    def subscriptions(self) -> list[SharedCall]:
        """The subscriptions among the calls."""
        return [call for call in self._calls.values() if call.is_listen]

    def overdue(self, now: float) -> list[SharedCall]:
        """Calls whose server has been silent for too long; a subscription may be silent."""
        return [
            call
            for call in self._calls.values()
            if not call.is_listen and now - call.last_heard >= self._limits.answer_seconds
        ]

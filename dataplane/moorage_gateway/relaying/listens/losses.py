"""What may have been lost while no listen was open, and how a client is told: look again (pure)."""

from collections.abc import Hashable, Set

import msgspec

from moorage_gateway.relaying.listens.subscription_filter import (
    LIST_CHANGES,
    RESOURCE_UPDATED,
    SubscriptionFilter,
)
from moorage_wire.jsonrpc import Message, read_message


class Losses:
    """Which endpoints may have said something that nobody heard."""

    def __init__(self) -> None:
        self._heard: set[Hashable] = set()
        """Those that have acknowledged once."""
        self._missed: set[Hashable] = set()
        self._vacancies = 0
        """Endpoints that left the table: whoever comes next may be in the place of one."""

    def missed(self, endpoint: Hashable) -> None:
        """Its listen has ended, or was never opened though it should have been."""
        self._missed.add(endpoint)

    def present(self, endpoints: Set[Hashable]) -> None:
        """The table holds these endpoints, and no others any more."""
        absent = (self._heard | self._missed) - endpoints
        self._vacancies += len(absent)
        self._heard -= absent
        self._missed -= absent

    def heard(self, endpoint: Hashable) -> bool:
        """It is listened to from now on. True where something may be lost until now."""
        replaces = endpoint not in self._heard and self._vacancies > 0
        self._vacancies -= replaces
        may_be_lost = replaces or endpoint in self._missed
        self._missed.discard(endpoint)
        self._heard.add(endpoint)
        return may_be_lost


def lost_changes(honoured: SubscriptionFilter) -> list[Message]:
    """One notification for everything that may have changed unheard.

    How a task is its client asks anyway: SEP-2663 lets nobody rely on notifications of tasks.
    """
    changes = [_notification(LIST_CHANGES[change], {}) for change in sorted(honoured.changes)]
    updates = [_notification(RESOURCE_UPDATED, {"uri": u}) for u in sorted(honoured.resources)]
    return changes + updates


def _notification(method: str, params: dict[str, str]) -> Message:
    message = {"jsonrpc": "2.0", "method": method, "params": params}
    return read_message(msgspec.json.encode(message))

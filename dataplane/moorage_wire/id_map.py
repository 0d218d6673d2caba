"""Which client a message on a shared channel belongs to.

When several clients share one channel to a server, the ids that they chose themselves may
collide, so each one travels under a fresh integer. The same map serves request ids,
``progressToken`` and ``subscriptionId`` (MCP 2026-07-28, ``basic/index``: ids are unique only
among the in-flight requests of one sender).
"""

from collections.abc import Hashable
from typing import Final


class IdMapRefusal(Exception):
    """The map cannot take this id; nothing was changed."""


class IdMapFull(IdMapRefusal):
    """As many ids are in flight on the channel as it may carry."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"{limit} requests are already in flight on this channel; retry when one was answered"
        )
        self.limit = limit


class IdInFlight(IdMapRefusal):
    """The same owner already has a request in flight under the same id."""

    def __init__(self, raw_id: bytes) -> None:
        super().__init__(
            f"id {raw_id.decode('utf-8', 'replace')} is already in flight; "
            "choose another id or wait for its answer"
        )
        self.raw_id = raw_id


class IdMap:
    """Fresh integers for ``(owner, raw id)`` pairs in flight, at most ``limit`` of them.

    ``raw_id`` is the JSON text of the id as its owner wrote it (``b'7'``, ``b'"a"'``), so that
    the answer carries it back byte for byte. Integers are never reused within one map: a late
    answer for a released id cannot reach somebody else.
    """

    __slots__ = ("_in_flight", "_issued", "_last_issued", "_limit")

    def __init__(self, limit: int) -> None:
        self._limit: Final = limit
        self._last_issued = 0
        self._issued: dict[int, tuple[Hashable, bytes]] = {}
        self._in_flight: dict[Hashable, dict[bytes, int]] = {}

    def __len__(self) -> int:
        return len(self._issued)

    def issue(self, owner: Hashable, raw_id: bytes) -> int:
        """The integer that stands for this id from now on.

        Raises ``IdMapFull`` at the limit and ``IdInFlight`` for an id that the owner uses twice.
        """
        if len(self._issued) >= self._limit:
            raise IdMapFull(self._limit)
        if self.find(owner, raw_id) is not None:
            raise IdInFlight(raw_id)
        self._last_issued += 1
        self._issued[self._last_issued] = (owner, raw_id)
        self._in_flight.setdefault(owner, {})[raw_id] = self._last_issued
        return self._last_issued

    def peek(self, issued: int) -> tuple[Hashable, bytes] | None:
        """Whose id an integer stands for; the pair stays in flight."""
        return self._issued.get(issued)

    def resolve(self, issued: int) -> tuple[Hashable, bytes] | None:
        """Whose id an integer stands for; the pair is in flight no longer."""
        pair = self._issued.pop(issued, None)
        if pair is not None:
            self._forget(*pair)
        return pair

    def find(self, owner: Hashable, raw_id: bytes) -> int | None:
        """The integer under which an owner's id is in flight, if it is."""
        return self._in_flight.get(owner, {}).get(raw_id)

    def release_owner(self, owner: Hashable) -> list[tuple[int, bytes]]:
        """Forget an owner; gives ``(integer, raw id)`` of all it still had in flight."""
        left = self._in_flight.pop(owner, {})
        for issued in left.values():
            del self._issued[issued]
        return [(issued, raw_id) for raw_id, issued in left.items()]

    def _forget(self, owner: Hashable, raw_id: bytes) -> None:
        ids = self._in_flight[owner]
        del ids[raw_id]
        if not ids:
            del self._in_flight[owner]

"""What of the published tables is remembered for the exchange of keys: it is asked every 10 s."""

import asyncio
import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from moorage_operator.planning.snapshot import ObservedResource
from moorage_operator.planning.table_document import read_table
from moorage_operator.running.snapshots import Snapshots

MAX_NAMES = 200_000
"""Of all tables that are remembered, of up to 130 characters each; the oldest goes first."""


@dataclass(frozen=True, slots=True)
class ServedStdioGroups:
    """Of one published table."""

    keys: str
    """What names the keys that it tells its pods to read."""
    names: frozenset[str]
    """As in the table; only those to which something may be sent."""


class ServedStdioGroupsByTable:
    """Unpacks a table once for as long as it stays what it is.

    Whoever may edit ConfigMaps makes tables of which each costs 0.06 s: so others have their turn
    after each one.
    """

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots
        self._known: OrderedDict[bytes, ServedStdioGroups] = OrderedDict()
        self._names = 0

    async def of(self, gateway: ObservedResource) -> ServedStdioGroups | None:
        """By the gateway's table that is in force, if there is one."""
        packed = await self._snapshots.packed_table(gateway)
        if packed is None:
            return None
        digest = hashlib.blake2b(packed, digest_size=16).digest()
        served = self._known.get(digest)
        if served is None:
            served = _served(packed)
            self._remember(digest, served)
            await asyncio.sleep(0)
        return served

    def _remember(self, digest: bytes, served: ServedStdioGroups) -> None:
        self._known[digest] = served
        self._names += 1 + len(served.names)
        while self._names > MAX_NAMES:
            _, oldest = self._known.popitem(last=False)
            self._names -= 1 + len(oldest.names)


def _served(packed: bytes) -> ServedStdioGroups:
    table = read_table(packed)
    if table is None:
        return ServedStdioGroups("", frozenset())
    names = (each.name for each in table.groups if each.source == "Stdio" and not each.unresolved)
    return ServedStdioGroups(table.keys, frozenset(names))

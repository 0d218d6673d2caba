"""A new table waits a moment for the keys that it names, so that no new group lacks its key."""

import asyncio
import logging
from collections.abc import Callable

from moorage_gateway.watching.published_table import PublishedTable

HOLD_SECONDS = 2.0
_log = logging.getLogger(__name__)


class TableHolding:
    """The newest table, and the one to serve until its keys are there."""

    def __init__(self, has_keys: Callable[[str], bool], changed: Callable[[], None]) -> None:
        """``changed`` is called when a table was held for long enough."""
        self._has_keys = has_keys
        self._changed = changed
        self._ends: asyncio.TimerHandle | None = None
        self._given_up = ""
        """Keys that were waited for in vain: no table waits for the same ones again."""
        self.newest: PublishedTable | None = None
        self.serving: PublishedTable | None = None

    @property
    def is_complete(self) -> bool:
        """Whether the keys of the table that is served are loaded."""
        return self.serving is not None and self._has_keys(self.serving.table.keys)

    def take(self, published: PublishedTable) -> None:
        """Here is a newer table."""
        self.newest = published
        self.settle()

    def settle(self) -> None:
        """Serve the newest table if nothing holds it: the first one is never held."""
        newest = self.newest
        if newest is None or newest is self.serving:
            return
        keys = newest.table.keys
        if self.serving is None or self._has_keys(keys) or keys == self._given_up:
            self._serve(newest)
        elif self._ends is None:
            # A table after it does not begin the wait anew: no change waits longer than this.
            self._ends = asyncio.get_running_loop().call_later(HOLD_SECONDS, self._give_up)

    def stop(self) -> None:
        """Wait for nothing any more."""
        if self._ends is not None:
            self._ends.cancel()
            self._ends = None

    def _give_up(self) -> None:
        assert self.newest is not None
        self._given_up = self.newest.table.keys
        facts = {"table": self.newest.digest, "keys": self._given_up, "seconds": HOLD_SECONDS}
        _log.warning("a table is served without the keys that it names", extra={"facts": facts})
        self._serve(self.newest)
        self._changed()

    def _serve(self, published: PublishedTable) -> None:
        self.stop()
        self.serving = published

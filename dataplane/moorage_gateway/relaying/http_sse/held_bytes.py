"""Bounds what one client's unfinished JSON answers occupy together."""

from moorage_gateway.errors import BadAnswer


class HeldBytes:
    """A count against ``limit``."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0

    def take(self, count: int) -> None:
        """Occupy; raises BadAnswer past the bound."""
        if self._held + count > self._limit:
            raise BadAnswer(
                f"the unfinished answers of this stream are over {self._limit} bytes",
                reason="HeldAnswersTooLarge",
                remedy="run fewer calls with large answers at a time",
            )
        self._held += count

    def give_back(self, count: int) -> None:
        """The counterpart of ``take``."""
        self._held -= count

"""Bounds the connections of one address whose request is only half there (slowloris)."""

from moorage_gateway.errors import CapacityError


class HalfSent:
    """Counts half-sent requests by address; past ``per_address`` the next one is refused."""

    def __init__(self, per_address: int, total_bytes: int) -> None:
        self._per_address = per_address
        self._total_bytes = total_bytes
        self._counts: dict[str, int] = {}
        self._bytes = 0

    def hold(self, more_bytes: int) -> None:
        """Half-sent bodies have grown by so much (or shrunk); raises CapacityError past the bound.

        They count also when they are refused: give them back with a negative number.
        """
        self._bytes += more_bytes
        if more_bytes > 0 and self._bytes > self._total_bytes:
            raise CapacityError(
                f"half-sent requests already hold {self._total_bytes} bytes",
                reason="HalfSentBytesExhausted",
                remedy="try again; send each request in one go",
                retry_after_seconds=1,
            )

    def enter(self, address: str) -> None:
        """A request of ``address`` is only half there; raises CapacityError past the bound."""
        count = self._counts.get(address, 0)
        if count >= self._per_address:
            raise CapacityError(
                f"{count} requests of this address are only half sent",
                reason="TooManyHalfSentRequests",
                remedy="send each request in one go",
                retry_after_seconds=1,
            )
        self._counts[address] = count + 1

    def leave(self, address: str) -> None:
        """It is whole now, or over."""
        count = self._counts[address] - 1
        if count:
            self._counts[address] = count
        else:
            del self._counts[address]

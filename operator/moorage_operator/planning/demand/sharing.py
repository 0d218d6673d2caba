"""How the free sessions of an endpoint are shared among gateway pods (pure)."""

from collections.abc import Iterable, Set

from moorage_operator.planning.demand.gateway_pod import GatewayPod


class Order:
    """Who takes of what is free, the first ones first: reckoned once for all that ask."""

    def __init__(self, takers: Iterable[GatewayPod]) -> None:
        self._places = {taker: place for place, taker in enumerate(takers)}

    def among(self, takers: Set[GatewayPod]) -> "Order":
        """Only those of ``takers``."""
        if takers >= self._places.keys():
            return self
        return Order(taker for taker in self._places if taker in takers)

    def share_of(self, taker: GatewayPod, free: int) -> int:
        """An even share of ``free``; what is over goes to the first ones."""
        place = self._places.get(taker)
        if place is None:
            return 0
        each, over = divmod(max(0, free), len(self._places))
        return each + (place < over)


RESERVED_PART = 10
"""One in so many free sessions is promised to nobody: a pod that is new opens the first by them
while the others do not yet know that it came. Where fewer are free there is no reserve."""


def shared_out(free: int) -> int:
    """How many of ``free`` sessions are promised among the pods."""
    return free - max(0, free) // RESERVED_PART


def slots_now(share: int, mine: int, per_pod: int, taken: int) -> int:
    """The slots that a pod can be told now, on the way to its ``share``.

    ``mine`` is what it may still open already, ``taken`` all sessions and all promises of an
    endpoint that takes ``per_pod``. To take slots from a pod needs no leave; to give it more needs
    free ones, so others that have too many must first acknowledge that they have fewer.
    """
    return min(share, mine + max(0, per_pod - taken))
